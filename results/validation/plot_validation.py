#!/usr/bin/env python3
"""Predicted against measured, from the JSON of `tessera validate`: one point per row, one panel per unit family.

    plot_validation.py validation.json figure.pdf [figure.png ...]
"""
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

plt.rcParams["pdf.fonttype"] = 42  # TrueType: publishers refuse Type 3

PANELS = [
    ("time in cycles", {"cycles", "cycles/call", "cycles/iteration"}),
    ("time in us", {"us", "ms"}),
    ("rate: GOPS, MAC/cycle, GB/s", {"GOPS", "GFLOPS", "TOPS", "MAC/cycle", "GB/s per direction"}),
]
SCALE = {"ms": 1e3, "TOPS": 1e3}
CLASSES = {"micro": ("s", "#777777"), "kernel": ("D", "#1b9e77"), "gemm": ("o", "#1f5fa8"),
           "bottleneck": ("^", "#d95f02"), "network": ("x", "#a6761d")}


def main(source, targets):
    with open(source) as f:
        result = json.load(f)
    rows = [r for r in result["rows"] if not r["skipped"]]
    figure, axes = plt.subplots(1, len(PANELS), figsize=(12.5, 4.6), constrained_layout=True)
    for ax, (title, units) in zip(axes, PANELS):
        seen = [r for r in rows if r["unit"] in units]
        values = [v * SCALE.get(r["unit"], 1.0) for r in seen for v in (r["measured"], r["predicted"])]
        if not values:
            ax.set_axis_off()
            continue
        line = np.geomspace(min(values) / 1.6, max(values) * 1.6, 50)
        ax.fill_between(line, 0.9 * line, 1.1 * line, color="#dddddd", lw=0, label="within 10 %")
        ax.plot(line, line, color="black", lw=0.7)
        for name, (marker, color) in CLASSES.items():
            for calibration in (True, False):
                points = [r for r in seen if r["class"] == name and r["calibration"] == calibration]
                if not points:
                    continue
                x = [r["measured"] * SCALE.get(r["unit"], 1.0) for r in points]
                y = [r["predicted"] * SCALE.get(r["unit"], 1.0) for r in points]
                fill = {"facecolors": "none" if calibration else color, "edgecolors": color} if marker != "x" else {"color": color}
                label = f"{name}, {'closed overlay' if name == 'network' else 'calibration' if calibration else 'hold-out'}"
                ax.scatter(x, y, s=22, marker=marker, linewidths=0.9, label=label, zorder=3, **fill)
        ax.set(xscale="log", yscale="log", xlim=(line[0], line[-1]), ylim=(line[0], line[-1]), title=title,
               xlabel="measured", aspect="equal")
        ax.legend(fontsize=7, loc="upper left", frameon=False)
    axes[0].set_ylabel("predicted")
    holdout = result["mape_holdout_pct"]
    if holdout is not None:
        figure.suptitle(f"Predicted against measured: hold-out rows {holdout:.1f} % mean absolute error "
                        "(networks under closed overlays not counted)", fontsize=11)
    for target in targets:
        figure.savefig(target, dpi=150, metadata={"CreationDate": None} if target.endswith(".pdf") else None)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
