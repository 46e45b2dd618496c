"""Latency and speed-up against the share of zero blocks, one line per mechanism that starts transfers; where the sweep has
several patterns of masks, each has its own stroke."""
from style import COLORS, COLUMN, MARKERS, PAGE, legend_below, line_of, panels, save, titles
from sweep_data import pretty, series

MECHANISM, RATIO, PATTERN = "hardware.controller.mechanism", "sparsity.ratio", "sparsity.pattern"
STROKES = ["-", "--", ":", "-."]
LABELS = {"none": "nobody (free)", "serial": "firmware, serial", "control_packets": "control packets", "core": "cores"}


def draw(sweep, folder):
    if not sweep.varies(MECHANISM) or len(sweep.values(RATIO)) < 3:
        return []
    return [figure_of(sweep, folder, *what) for what in (("control_latency", "latency_us", "latency (ms)", 1 / 1000),
                                                         ("control_speedup", "speedup", "speed-up over dense", 1.0))]


def figure_of(sweep, folder, name, column, label, scale):
    networks = sweep.networks()
    figure, axes = panels(len(networks), PAGE if len(networks) > 1 else COLUMN, 2.3, share_y=column == "speedup")
    data, helds = [], []
    for axis, network in zip(axes, networks):
        rows, held = sweep.slice([MECHANISM, RATIO, PATTERN], network)
        for i, mechanism in enumerate(sweep.values(MECHANISM)):
            mine = [row for row in rows if row[MECHANISM] == mechanism]
            nothing_zero = series([row for row in mine if row[RATIO] == 0], RATIO, column, scale)  # of every pattern
            for pattern, stroke in zip(sweep.values(PATTERN) or [None], STROKES):
                points = series([row for row in mine if row.get(PATTERN) == pattern], RATIO, column, scale)
                if points and points[0].x > 0:
                    points = nothing_zero + points
                words = LABELS.get(mechanism, mechanism) + (f", {pattern}" if pattern else "")
                line_of(axis, points, color=COLORS[i % 8], marker=MARKERS[i % 8], linestyle=stroke, label=words)
                data += [[network, mechanism, pattern, p.x, p.mean, p.least, p.most] for p in points]
        if column == "latency_us":
            axis.set_ylim(bottom=0)
        axis.set_xlabel("requested share of zero blocks")
        helds.append(sweep.averaged(held))
    titles(figure, axes, [pretty(network) for network in networks], helds)
    axes[0].set_ylabel(label)
    legend_below(figure, axes, 4)
    return save(figure, folder, name, ["network", "mechanism", "pattern", "ratio", name.split("_")[1], "least", "most"], data)
