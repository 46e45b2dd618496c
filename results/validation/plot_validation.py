#!/usr/bin/env python3
"""Predicted against measured, from the JSON of `tessera validate`: one point per row, one panel per unit family.

    plot_validation.py validation.json figure.pdf [figure.png ...]

validation.csv of write_table.py has the data.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../explore/plot"))
from style import COLORS, PAGE, legend_below, panels, write  # noqa: E402

PANELS = [
    ("time (cycles)", {"cycles", "cycles/call", "cycles/iteration"}),
    ("time (µs)", {"us", "ms", "ns"}),
    ("rate (GOPS, MAC/cycle, GB/s)", {"GOPS", "GFLOPS", "TOPS", "TFLOPS", "MAC/cycle", "GB/s per direction", "GB/s", "MB/s"}),
]
SCALE = {"ms": 1e3, "ns": 1e-3, "TOPS": 1e3, "TFLOPS": 1e3, "MB/s": 1e-3}
CLASSES = {"micro": ("s", COLORS[7]), "kernel": ("D", COLORS[2]), "gemm": ("o", COLORS[0]),
           "bottleneck": ("^", COLORS[1]), "network": ("x", COLORS[6]), "open engine": ("v", COLORS[6])}


def kind(row):
    if row["class"] == "network":
        return "network, closed overlay"
    return f"{row['class']}, {'calibration' if row['calibration'] else 'hold-out'}"


def draw_panel(axis, title, rows):
    pairs = {}
    for row in rows:
        scale = SCALE.get(row["unit"], 1.0)
        points = pairs.setdefault((row["class"], not row["calibration"], kind(row)), [])
        points.append((row["measured"] * scale, row["predicted"] * scale))
    values = [value for points in pairs.values() for point in points for value in point]
    ends = [min(values) / 1.6, max(values) * 1.6]
    axis.fill_between(ends, [0.9 * v for v in ends], [1.1 * v for v in ends], color="#dddddd", linewidth=0,
                      label="within 10 %")
    axis.plot(ends, ends, color="black", linewidth=0.6)
    order = list(CLASSES)
    for name, hold_out, label in sorted(pairs, key=lambda key: (order.index(key[0]), key[1])):
        marker, color = CLASSES[name]
        look = {"color": color} if marker == "x" else {"facecolors": color if hold_out else "none", "edgecolors": color}
        axis.scatter(*zip(*pairs[name, hold_out, label]), s=12, marker=marker, linewidths=0.7, label=label, zorder=3, **look)
    axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends, title=title, xlabel="measured", aspect="equal")
    axis.minorticks_off()


def main(source, targets):
    with open(source, encoding="utf-8") as text:
        result = json.load(text)
    rows = [row for row in result["rows"] if not row["skipped"]]
    shown = [(title, [row for row in rows if row["unit"] in units]) for title, units in PANELS]
    shown = [(title, mine) for title, mine in shown if mine]
    figure, axes = panels(len(shown), PAGE, 2.7, share_y=False)
    for axis, (title, mine) in zip(axes, shown):
        draw_panel(axis, title, mine)
    axes[0].set_ylabel("predicted")
    if result["mape_holdout_pct"] is not None:
        figure.suptitle(f"Hold-out rows: {result['mape_holdout_pct']:.1f} % mean absolute error "
                        "(networks under closed overlays not counted)", fontsize=8)
    legend_below(figure, axes, 5)
    for target in targets:
        write(figure, target)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
