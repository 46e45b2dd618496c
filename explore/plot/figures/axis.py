"""Latency against any other numeric axis (a bandwidth, a number of channels), dense and sparse."""
from figures.arrays import plain_log_ticks
from style import COLORS, COLUMN, MARKERS, PAGE, legend_below, line_of, panels, save, titles
from sweep_data import pretty, series

SHOWN_ELSEWHERE = ("sparsity.ratio", "sparsity.block", "hardware.rows", "hardware.cols")


def draw(sweep, folder):
    names = []
    for axis_name in sweep.axes:
        values = [v for v in sweep.values(axis_name) if isinstance(v, (int, float))]
        if axis_name in SHOWN_ELSEWHERE or sweep.repeats(axis_name) or len(values) < 3:
            continue
        zipped = sweep.together(axis_name)
        if zipped[0] != axis_name:
            continue  # drawn with the first of them
        networks = sweep.networks()
        label, scale = sweep.label(zipped, values)
        figure, axes = panels(len(networks), PAGE if len(networks) > 1 else COLUMN, 2.1, share_y=False)
        data, helds = [], []
        for axis, network in zip(axes, networks):
            rows, held = sweep.slice([*zipped, "sparsity.ratio"], network)
            lines = [("dense", rows, "dense_latency_us")]
            for ratio in [r for r in sweep.values("sparsity.ratio", rows) if r > 0] or [None]:
                mine = [row for row in rows if ratio is None or row.get("sparsity.ratio") == ratio]
                lines.append(("sparse" if ratio is None else f"{100 * ratio:g} % zero", mine, "latency_us"))
            seen = []
            for i, (name, mine, column) in enumerate(lines):
                points = series(mine, axis_name, column, 1 / 1000)
                if not points:
                    continue
                data += [[network, name, p.x, p.mean, p.least, p.most] for p in points]
                for p in points:
                    p.x /= scale
                    seen += [p.least, p.most]
                line_of(axis, points, color=COLORS[i % 8], marker=MARKERS[(i + i // 8) % 8], label=name)
            if max(values) / max(min(values), 1e-9) >= 8:
                axis.set_xscale("log", base=2)
                axis.set_xticks([v / scale for v in values], [f"{v / scale:g}" for v in values])
                axis.minorticks_off()
            axis.set_yscale("log")
            plain_log_ticks(axis, seen)
            helds.append(sweep.averaged(held))
            axis.set_xlabel(label)
        titles(figure, axes, [pretty(network) for network in networks], helds)
        axes[0].set_ylabel("latency (ms)")
        legend_below(figure, axes, 6)
        names.append(save(figure, folder, "axis_" + axis_name.replace(".", "_"),
                          ["network", "density", axis_name, "latency_ms", "least", "most"], data))
    return names

