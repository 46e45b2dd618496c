#!/usr/bin/env python3
"""Figures of masks: plot_masks.py FOLDER, which holds the masks.json that `tessera masks --plot` writes.

masks.pdf has a page per layer (the mask, densities of its rows and columns of blocks, importance); overview.pdf and
overview.png show density and imbalance of all layers, masks.csv the same as numbers."""
import csv
import json
import os
import sys

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.ticker import NullLocator

from style import COLORS, PAGE, plt


def layer_page(layer, core_rows):
    figure, axes = plt.subplots(
        2, 3, figsize=(PAGE, 3.6), constrained_layout=True, width_ratios=(4, 1, 2.6), height_ratios=(3, 1)
    )
    bits = [[int(bit) for bit in line] for line in layer["bits"]]
    picture, by_row, importance = axes[0]
    picture.imshow(bits, cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    picture.grid(False)
    picture.set_ylabel("block of output channels")
    by_row.barh(range(len(layer["rows"])), layer["rows"], height=1, color=COLORS[0])
    by_row.set_ylim(len(layer["rows"]) - 0.5, -0.5)
    by_row.set_xlim(0, 1)
    by_row.set_title("density")
    for border in range(1, min(core_rows, len(bits))):
        at = len(bits) * border // min(core_rows, len(bits)) - 0.5
        picture.axhline(at, color=COLORS[1], linewidth=0.6)
        by_row.axhline(at, color=COLORS[1], linewidth=0.6)
    by_column = axes[1][0]
    by_column.bar(range(len(layer["columns"])), layer["columns"], width=1, color=COLORS[0])
    by_column.set_xlim(-0.5, len(layer["columns"]) - 0.5)
    by_column.set_ylim(0, 1)
    by_column.set_xlabel("block of input channels")
    by_column.set_ylabel("density")
    histogram(importance, layer.get("importance"))
    axes[1][1].axis("off")
    axes[1][2].axis("off")
    block = "x".join(str(side) for side in layer["block"])
    figure.suptitle(
        f"{layer['name']}: {len(bits)} x {len(bits[0])} blocks of {block}, density {layer['density']:.3f}, "
        f"imbalance over {core_rows} rows of cores {layer['imbalance']:.2f}",
        fontsize=8,
    )
    return figure


def histogram(axis, importance):
    if not importance or not importance["edges"]:
        axis.axis("off")
        return
    edges = importance["edges"]
    widths = [b - a for a, b in zip(edges, edges[1:])]
    axis.bar(edges[:-1], importance["all"], widths, align="edge", color=COLORS[7], label="left out")
    axis.bar(edges[:-1], importance["present"], widths, align="edge", color=COLORS[0], label="present")
    if edges[-1] > edges[0]:
        axis.set_xscale("log")
        ticks = [edges[0], (edges[0] * edges[-1]) ** 0.5, edges[-1]]
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
    axis.set_xlabel("sum of squares of a block")
    axis.set_ylabel("blocks")
    axis.legend()


def overview(layers, core_rows):
    figure, axes = plt.subplots(2, 1, figsize=(PAGE, 3.4), sharex=True, constrained_layout=True)
    places = range(len(layers))
    axes[0].bar(places, [layer["density"] for layer in layers], color=COLORS[0])
    axes[0].set_ylabel("density")
    axes[0].set_ylim(0, 1)
    axes[1].bar(places, [layer["imbalance"] for layer in layers], color=COLORS[1])
    axes[1].set_ylim(bottom=1)
    axes[1].set_ylabel(f"imbalance, {core_rows} rows")
    axes[1].set_xticks(list(places), [layer["name"] for layer in layers], rotation=90, fontsize=5)
    return figure


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "masks.json"), encoding="utf-8") as file:
        data = json.load(file)
    layers, core_rows = data["layers"], data["core_rows"]
    with open(os.path.join(folder, "masks.csv"), "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["layer", "block_rows", "block_columns", "rows", "columns", "density", "imbalance"])
        for layer in layers:
            rows.writerow([layer["name"], *layer["block"], len(layer["rows"]), len(layer["columns"])]
                          + [f"{layer[key]:.6f}" for key in ("density", "imbalance")])
    figure = overview(layers, core_rows)
    for ending in ("pdf", "png"):
        figure.savefig(os.path.join(folder, "overview." + ending), dpi=200)
    plt.close(figure)
    with PdfPages(os.path.join(folder, "masks.pdf"), metadata={"CreationDate": None}) as pages:
        for layer in layers:
            figure = layer_page(layer, core_rows)
            pages.savefig(figure)
            plt.close(figure)
    print(f"figures of {len(layers)} layers in {folder}")


if __name__ == "__main__":
    main()
