"""Latency against any other numeric axis (a bandwidth, a number of channels), dense and sparse."""
from figures.arrays import plain_log_ticks
from style import COLORS, COLUMN, MARKERS, PAGE, legend_below, panels, save
from sweep_data import pretty, rate_of, series, short

SHOWN_ELSEWHERE = ("sparsity.ratio", "sparsity.block", "hardware.rows", "hardware.cols")


def draw(sweep, folder):
    names = []
    for axis_name in sweep.axes:
        values = [v for v in sweep.values(axis_name) if isinstance(v, (int, float))]
        if axis_name in SHOWN_ELSEWHERE or axis_name.endswith("seed") or len(values) < 3:
            continue
        zipped = sweep.together(axis_name)
        if zipped[0] != axis_name:
            continue  # drawn with the first of them
        networks = sweep.networks()
        scale = 1024 if short(axis_name) == "size" else 1
        figure, axes = panels(len(networks), PAGE if len(networks) > 1 else COLUMN, 2.1, share_y=False)
        data = []
        for axis, network in zip(axes, networks):
            rows, held = sweep.slice([*zipped, "sparsity.ratio"], network)
            lines = [("dense", rows, "dense_latency_us")]
            for ratio in [r for r in sweep.values("sparsity.ratio", rows) if r > 0] or [None]:
                mine = [row for row in rows if ratio is None or row.get("sparsity.ratio") == ratio]
                lines.append(("sparse" if ratio is None else f"{100 * ratio:g} % zero", mine, "latency_us"))
            seen = []
            for i, (label, mine, column) in enumerate(lines):
                points = [(x / scale, us / 1000) for x, us in series(mine, axis_name, column)]
                if not points:
                    continue
                axis.plot(*zip(*points), color=COLORS[i % 8], marker=MARKERS[(i + i // 8) % 8], label=label)
                data += [[network, label, x * scale, ms] for x, ms in points]
                seen += [ms for _, ms in points]
            if max(values) / max(min(values), 1e-9) >= 8:
                axis.set_xscale("log", base=2)
                axis.set_xticks([v / scale for v in values], [f"{v / scale:g}" for v in values])
                axis.minorticks_off()
            axis.set_yscale("log")
            plain_log_ticks(axis, seen)
            axis.set_title(pretty(network) + (f", {held}" if held else ""))
            axis.set_xlabel(label_of(axis_name, len(zipped) > 1))
        axes[0].set_ylabel("latency (ms)")
        legend_below(figure, axes, 6)
        names.append(save(figure, folder, "axis_" + axis_name.replace(".", "_"),
                          ["network", "density", axis_name, "latency_ms"], data))
    return names


def label_of(axis_name, zipped):
    """Axis title from a config path: hardware.ddr.read_gb_per_s -> DDR read (GB/s)."""
    parts = axis_name.split(".")
    words = short(axis_name)
    place = " ".join({"ddr": "DDR", "memtile": "memory tile"}.get(p, p) for p in parts[1:-1] if p != "memory")
    unit = ""
    if rate_of(axis_name):
        words, unit = rate_of(axis_name)
        unit = f" ({unit})"
        words = "each way" if zipped and words in ("read", "write") else words
    elif words == "size":
        words, unit = "size", " (KiB)"
    return " ".join(p for p in (place, words) if p) + unit
