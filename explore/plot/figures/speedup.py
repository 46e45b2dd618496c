"""Speed-up against sparsity, one line per block size, with the ideal line 1 / (1 - ratio)."""
from style import COLORS, COLUMN, MARKERS, PAGE, explain_open_markers, legend_below, line_of, panels, save, titles
from sweep_data import measured_blocks, pretty, series

RATIO, BLOCK = "sparsity.ratio", "sparsity.block"


def draw(sweep, folder):
    if len(sweep.values(RATIO)) < 3:
        return []
    networks = [network for network in sweep.networks() if measured_blocks(sweep.slice([RATIO, BLOCK], network)[0])]
    if not networks:
        return []
    figure, axes = panels(len(networks), PAGE if len(networks) > 1 else COLUMN, 2.3)
    data, helds, marked = [], [], False
    top = 1 / (1 - min(max(sweep.values(RATIO)), 0.9))
    for axis, network in zip(axes, networks):
        rows, held = sweep.slice([RATIO, BLOCK], network)
        ratios = [0.01 * i for i in range(0, 91)]
        axis.plot(ratios, [1 / (1 - r) for r in ratios], color="black", linestyle=":", linewidth=0.8,
                  label="ideal 1/(1−ratio)")
        blocks = sweep.values(BLOCK) or [None]
        nothing_zero = series([row for row in rows if row[RATIO] == 0], RATIO, "speedup")  # the same with every block
        for block in measured_blocks(rows):
            i = blocks.index(block)
            mine = [row for row in rows if row.get(BLOCK) == block]
            points = series(mine, RATIO, "speedup")
            if points[0].x > 0:
                points = nothing_zero + points
            label = "blocks" if block is None else block.replace("x", "×")
            marked |= line_of(axis, points, color=COLORS[i % 8], marker=MARKERS[(i + i // 8) % 8], label=label)
            data += [[network, block, p.x, p.mean, p.least, p.most, int(p.marked)] for p in points]
        axis.set_yscale("log", base=2)
        axis.set_ylim(0.85, top * 1.1)
        ticks = [t for t in (1, 1.5, 2, 3, 4, 6, 8, 10) if t <= top]
        axis.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axis.minorticks_off()
        helds.append(sweep.averaged(held))
        axis.set_xlabel("requested share of zero blocks")
    if marked:
        explain_open_markers(axes[0])
    titles(figure, axes, [pretty(network) for network in networks], helds)
    axes[0].set_ylabel("speed-up over dense")
    legend_below(figure, axes, 8 if len(networks) > 1 else 4)
    return [save(figure, folder, "speedup", ["network", "block", "ratio", "speedup", "least", "most", "marked"], data)]
