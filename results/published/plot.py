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
    fig, axes = plt.subplots(3, 1, figsize=(style.COLUMN, 5.0), sharex=True, constrained_layout=True)
    for axis, density, title in zip(axes, ("dense", "sparse50"), ("dense", "half of the 8x8 blocks zero")):
        for series in SERIES:
            draw(axis, series, values(rows, series[0], density), 1e-3)
        axis.set_yscale("log")
        axis.set_ylabel("latency (ms)")
        axis.set_title(f"{TITLES[network]}, {title}")
        axis.yaxis.set_major_formatter(plt.FuncFormatter(lambda y, _: f"{y:g}"))
        axis.yaxis.set_minor_formatter(plt.FuncFormatter(lambda y, _: f"{y:g}" if f"{y:g}"[0] in "25" else ""))
    for series in SERIES:
        dense, sparse = (values(rows, series[0], d) for d in ("dense", "sparse50"))
        draw(axes[2], series, {s: dense[s] / sparse[s] for s in dense if s in sparse}, 1)
    axes[2].set_ylabel("speed-up")
    axes[2].set_title("speed-up of half of the blocks zero")
    axes[2].axhline(1, color="black", linewidth=0.6)
    axes[2].set_xlabel("array (rows x columns)")
    axes[2].set_xticks(range(2, 9), [f"{n}x{n}" for n in range(2, 9)])
    style.legend_below(fig, list(axes), 2)
    for suffix, options in (("pdf", {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}}),
                            ("png", {"dpi": 300, "metadata": {"Software": None}})):
        fig.savefig(HERE / f"{network}.{suffix}", bbox_inches="tight", pad_inches=0.02, **options)
    plt.close(fig)


def main():
    with open(HERE / "published.csv") as f:
        rows = list(csv.DictReader(f))
    for network in TITLES:
        figure(network, [r for r in rows if r["network"] == network])


if __name__ == "__main__":
    main()
