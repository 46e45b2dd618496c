#!/usr/bin/env python3
"""One figure per network from published.csv: latency dense, latency with half of the blocks zero, and their ratio."""
import csv
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "explore/plot"))
os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
import style  # noqa: E402
from style import plt  # noqa: E402

TITLES = {"resnet50": "ResNet50", "inception_v3": "Inception V3", "vgg16": "VGG16"}
# column, label, marker, colour, line; filled markers: published accounting, open markers: physical accounting
SERIES = [
    ("published_us", "published totals", "o", style.COLORS[6], ""),
    ("replay_accounting_published_us", "replay of their traces, published acc.", "x", style.COLORS[5], ""),
    ("policy_published_accounting_published_us", "policy published, published acc.", ".", style.COLORS[0], "-"),
    ("audit_accounting_physical_us", "audit of their traces, physical acc.", "s", style.COLORS[1], ""),
    ("policy_published_accounting_physical_us", "policy published, physical acc.", "^", style.COLORS[3], "--"),
    ("policy_best_accounting_physical_us", "policy best, physical acc.", "v", style.COLORS[2], "-"),
]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def values(rows, column, density):
    """{array size: microseconds} of one series."""
    found = {int(r["rows"]): number(r[column]) for r in rows if r["density"] == density}
    return {size: us for size, us in found.items() if us}


def draw(axis, series, points, scale):
    column, label, marker, colour, line = series
    hollow = "physical" in column
    axis.plot(list(points), [p * scale for p in points.values()], linestyle=line or "None", marker=marker, color=colour, label=label,
              markersize=6 if column == "published_us" else 4.5, markeredgewidth=0.9,
              markerfacecolor="none" if hollow or column == "published_us" else colour)


def figure(network, rows):
    data = []  # latencies in ms, then ratios
    fig, axes = plt.subplots(3, 1, figsize=(style.COLUMN, 5.0), sharex=True, constrained_layout=True)
    for axis, density, title in zip(axes, ("dense", "sparse50"), ("dense", "half of the 8x8 blocks zero")):
        for series in SERIES:
            points = values(rows, series[0], density)
            draw(axis, series, points, 1e-3)
            data += [[f"{density}_latency_ms", series[1], size, f"{us * 1e-3:g}"] for size, us in points.items()]
        axis.set_yscale("log")
        axis.set_ylabel("latency (ms)")
        axis.set_title(f"{TITLES[network]}, {title}")
        axis.yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{y:g}"))
        axis.yaxis.set_minor_formatter(plt.FuncFormatter(lambda y, _: f"{y:g}" if f"{y:g}"[0] in "25" else ""))
    for series in SERIES:
        dense, sparse = (values(rows, series[0], d) for d in ("dense", "sparse50"))
        ratios = {size: dense[size] / sparse[size] for size in dense if size in sparse}
        draw(axes[2], series, ratios, 1)
        data += [["speedup", series[1], size, f"{ratio:.4f}"] for size, ratio in ratios.items()]
    axes[2].set_ylabel("speed-up")
    axes[2].set_title("speed-up of half of the blocks zero")
    axes[2].axhline(1, color="black", linewidth=0.6)
    axes[2].set_xlabel("array (rows x columns)")
    axes[2].set_xticks(range(2, 9), [f"{n}x{n}" for n in range(2, 9)])
    style.legend_below(fig, list(axes), 2)
    style.save(fig, HERE, network, ["panel", "series", "array_rows", "value"], data)


def main():
    with open(HERE / "published.csv") as f:
        rows = list(csv.DictReader(f))
    for network in TITLES:
        figure(network, [r for r in rows if r["network"] == network])


if __name__ == "__main__":
    main()
