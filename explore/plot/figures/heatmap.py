"""Speed-up as a map of block size x share of zero blocks, one map per network."""
import math

from matplotlib.colors import LogNorm

from style import COLUMN, panels, save, titles
from sweep_data import mean, measured_blocks, pretty

RATIO, BLOCK = "sparsity.ratio", "sparsity.block"


def draw(sweep, folder):
    if len(sweep.values(BLOCK)) < 2 or len(sweep.values(RATIO)) < 3:
        return []
    names = []
    for network in sweep.networks():
        rows, held = sweep.slice([RATIO, BLOCK], network)
        ratios = [r for r in sweep.values(RATIO, rows) if r > 0]
        blocks = measured_blocks(rows)
        if len(blocks) < 2:
            continue
        grid, data, marked = [], [], set()
        for block in blocks:
            line = []
            for ratio in ratios:
                here = [row for row in rows if row[BLOCK] == block and row[RATIO] == ratio]
                line.append(mean(here, "speedup") if here else math.nan)
                data.append([network, block, ratio, line[-1]])
                marked.update({(len(grid), len(line) - 1)} if any(row.get("mask_marks") for row in here) else ())
            grid.append(line)
        figure, (axis,) = panels(1, COLUMN, 0.55 + 0.24 * len(blocks))
        image = axis.imshow(grid, cmap="cividis", aspect="auto", norm=LogNorm())
        axis.grid(False)
        axis.set_xticks(range(len(ratios)), [f"{r:g}" for r in ratios])
        axis.set_yticks(range(len(blocks)), [b.replace("x", "×") for b in blocks])
        middle = math.sqrt(image.norm.vmin * image.norm.vmax)
        for y, line in enumerate(grid):
            for x, value in enumerate(line):
                if not math.isnan(value):
                    axis.text(x, y, f"{value:.2f}" + ("*" if (y, x) in marked else ""), ha="center", va="center", fontsize=6.5,
                              color="black" if value > middle else "white")
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
        axis.set_xlabel("requested share of zero blocks" + ("\n* masks differ from the ratio (mask_marks)" if marked else ""))
        axis.set_ylabel("block")
        titles(figure, [axis], [pretty(network)], [sweep.averaged(held, bars=False)], "speed-up over dense")
        lines = axis.get_title().count("\n") + axis.get_xlabel().count("\n")
        figure.set_size_inches(COLUMN, figure.get_size_inches()[1] + 0.14 * lines)  # words take nothing from the map
        names.append(save(figure, folder, f"heatmap_{network}", ["network", "block", "ratio", "speedup"], data))
    return names


