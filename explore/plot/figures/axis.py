"""Latency against any other numeric axis (a bandwidth, a number of channels), dense and sparse."""
from figures.arrays import plain_log_ticks
from style import COLORS, COLUMN, MARKERS, PAGE, legend_below, panels, save
from sweep_data import pretty, series, short

SHOWN_ELSEWHERE = ("sparsity.ratio", "sparsity.block", "hardware.rows", "hardware.cols")


def draw(sweep, folder):
    names = []
    for axis_name in sweep.axes:
        values = [v for v in sweep.values(axis_name) if isinstance(v, (int, float))]
        if axis_name in SHOWN_ELSEWHERE or axis_name.endswith("seed") or len(values) < 3:
            continue
        networks = sweep.networks()
        figure, axes = panels(len(networks), PAGE if len(networks) > 1 else COLUMN, 2.1, share_y=False)
        data = []
        for axis, network in zip(axes, networks):
            rows, held = sweep.slice([axis_name, "sparsity.ratio"], network)
            lines = [("dense", rows, "dense_latency_us")]
            for ratio in [r for r in sweep.values("sparsity.ratio", rows) if r > 0] or [None]:
                mine = [row for row in rows if ratio is None or row.get("sparsity.ratio") == ratio]
                lines.append(("sparse" if ratio is None else f"{100 * ratio:g} % zero", mine, "latency_us"))
            seen = []
            for i, (label, mine, column) in enumerate(lines):
                points = [(x, us / 1000) for x, us in series(mine, axis_name, column)]
                if not points:
                    continue
                axis.plot(*zip(*points), color=COLORS[i % 8], marker=MARKERS[i % 8], label=label)
                data += [[network, label, x, ms] for x, ms in points]
                seen += [ms for _, ms in points]
            if max(values) / max(min(values), 1e-9) >= 8:
                axis.set_xscale("log", base=2)
                axis.set_xticks(values, [f"{v:g}" for v in values])
                axis.minorticks_off()
            axis.set_yscale("log")
            plain_log_ticks(axis, seen)
            axis.set_title(pretty(network) + (f", {held}" if held else ""))
            axis.set_xlabel(label_of(axis_name))
        axes[0].set_ylabel("latency (ms)")
        legend_below(figure, axes, 6)
        names.append(save(figure, folder, "axis_" + axis_name.replace(".", "_"),
                          ["network", "density", axis_name, "latency_ms"], data))
    return names


def label_of(axis_name):
    words = short(axis_name)
    parts = axis_name.split(".")
    if words == "bytes per cycle" or words.endswith("bytes per cycle"):
        kind = words.replace("bytes per cycle", "").strip()
        return " ".join(p for p in (parts[-2].upper() if parts[-2] == "ddr" else parts[-2], kind) if p) + " (B/cycle)"
    return words
