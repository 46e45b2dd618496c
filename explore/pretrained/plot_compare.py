#!/usr/bin/env python3
"""Draws and tabulates what `compare.py` found.   plot_compare.py DIR

DIR holds compare.csv and README.md; the figure goes to DIR/figures, the table between the marks of the README."""
import csv
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "plot"))
import style  # noqa: E402

NETWORKS = {"inception": "Inception V3, 5 classes", "recogniser": "text recogniser", "esrgan": "ESRGAN, 64x64 pixels"}
IMPORTANCES = ("l1", "l2", "random")


def number(row, key):
    return float(row[key]) if row[key] else None


def draw(rows, folder):
    data, shown = [], [name for name in NETWORKS if any(row["network"] == name for row in rows)]
    figure, axes = style.panels(len(shown), style.PAGE, 2.3)
    for axis, network in zip(axes, shown):
        for i, importance in enumerate(IMPORTANCES):
            for hardware, dashes in (("xdna1_1800mhz", "-"), ("aie2", ":")):
                part = [
                    r for r in rows if (r["network"], r["hardware"], r["importance"]) == (network, hardware, importance)
                ]
                points = sorted(
                    (number(r, "sparse_us") / number(r, "dense_us"), 100 * number(r, "kept_l2")) for r in part
                )
                if points:
                    axis.plot(
                        *zip(*points),
                        dashes,
                        marker=style.MARKERS[i],
                        color=style.COLORS[i],
                        label=f"{importance}, {hardware}",
                    )
                data += [(network, hardware, importance, *point) for point in points]
        axis.set_title(NETWORKS[network])
        axis.set_xlabel("predicted latency / dense")
    axes[0].set_ylabel("sum of squares kept in %")
    style.legend_below(figure, axes, 3)
    columns = ["network", "hardware", "importance", "latency_of_dense", "kept_l2_percent"]
    style.save(figure, os.path.join(folder, "figures"), "compare", columns, data)


def table(rows):
    yield "| network | zero | masks | xdna1_1800mhz | aie2 | kept, l1 | kept, l2 | PSNR, photo | PSNR, dense |"
    yield "|---|---:|---|---:|---:|---:|---:|---:|---:|"
    found = {(r["network"], r["ratio"], r["importance"], r["hardware"]): r for r in rows}
    for network in NETWORKS:
        for ratio in sorted({row["ratio"] for row in rows}, key=float):
            for importance in IMPORTANCES:
                pair = [found.get((network, ratio, importance, hardware)) for hardware in ("xdna1_1800mhz", "aie2")]
                if not all(pair):
                    continue
                times = [f"{number(r, 'sparse_us'):.0f} of {number(r, 'dense_us'):.0f} us" for r in pair]
                kept = [f"{100 * number(pair[0], key):.1f} %" for key in ("kept_l1", "kept_l2")]
                psnr = [f"{number(pair[0], k):.1f} dB" if number(pair[0], k) else "" for k in ("psnr", "psnr_to_dense")]
                cells = [NETWORKS[network], f"{100 * float(ratio):g} %", importance, *times, *kept, *psnr]
                yield "| " + " | ".join(cells) + " |"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = sys.argv[1]
    with open(os.path.join(folder, "compare.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    draw(rows, folder)
    page, mark = os.path.join(folder, "README.md"), "<!-- table -->\n"
    with open(page, encoding="utf-8") as file:
        before, _, after = file.read().split(mark)
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + mark + "\n".join(table(rows)) + "\n" + mark + after)


if __name__ == "__main__":
    main()
