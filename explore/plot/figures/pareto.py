"""Pareto fronts of latency against cores, against energy, against accuracies measured elsewhere, and against the bytes of
weights that are kept: of these more is better, because a network that keeps more weights computes more of what it was
trained to. For accuracy and weights one array is shown."""
from figures.arrays import plain_log_ticks
from style import COLORS, COLUMN, PAGE, legend_below, panels, save, titles
from sweep_data import pretty

# Per column of the table: what the figure calls it, in which unit, and its column of the figure's CSV.
AGAINST = {"cores": ("cores", 1, "cores"), "weight_bytes": ("weights kept (MB)", 1e-6, "weight_mb"),
           "energy_uj": ("energy (mJ), not calibrated", 1e-3, "energy_mj"), "accuracy": ("accuracy (%)", 1, "accuracy")}
OF_ONE_ARRAY = ["weight_bytes", "accuracy"]  # the more the better
OF_MASKS = ["sparsity.ratio", "sparsity.block", "sparsity.mask_file"]


def front(points, more_is_better):
    """(x, latency) pairs that no other beats in both."""
    sign = -1 if more_is_better else 1
    best, result = float("inf"), []
    for x, latency in sorted(points, key=lambda p: (sign * p[0], p[1])):
        if latency < best:
            best = latency
            result.append((x, latency))
    return sorted(result)


def draw(sweep, folder):
    names = []
    for column, (label, scale, short) in AGAINST.items():
        more = column in OF_ONE_ARRAY
        free = OF_MASKS + ([] if more else ["hardware.rows", "hardware.cols"])
        networks = [n for n in sweep.networks() if len(sweep.values(column, sweep.slice(free, n)[0])) > 2]
        if not networks:
            continue
        figure, axes = panels(len(networks), PAGE if len(networks) > 1 else COLUMN, 2.1, share_y=False)
        data, helds = [], []
        for axis, network in zip(axes, networks):
            chosen, held = sweep.slice(free, network)
            mine = [row for row in chosen if row.get(column) is not None]
            points = [(row[column] * scale, row["latency_us"] / 1000) for row in mine]
            axis.scatter(*zip(*points), s=3, color="#b0b0b0", linewidths=0, rasterized=len(points) > 500, label="points")
            best = front(points, more)
            axis.plot(*zip(*best), color=COLORS[1], marker="o", markersize=2.5,
                      drawstyle="steps-pre" if more else "steps-post", label="Pareto front")
            data += [[network, cost, latency] for cost, latency in best]
            axis.set_yscale("log")
            if column == "cores":
                axis.set_xscale("log", base=2)
                ticks = [t for t in (1, 2, 4, 8, 16, 32, 64, 128, 256) if points and min(points)[0] <= t <= max(points)[0]]
                axis.set_xticks(ticks, [str(t) for t in ticks])
            plain_log_ticks(axis, [latency for _, latency in points])
            helds.append(held)
            axis.set_xlabel(label)
        titles(figure, axes, [pretty(network) for network in networks], helds)
        axes[0].set_ylabel("latency (ms)")
        legend_below(figure, axes, 2)
        names.append(save(figure, folder, f"pareto_{column}", ["network", short, "latency_ms"], data))
    return names
