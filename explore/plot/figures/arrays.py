"""Latency against the shape of the array, dense and sparse. Few shapes stand side by side; many are points over their
number of cores, with a line through the best shape of each number."""
from style import COLUMN, DENSE, PAGE, SPARSE, legend_below, line_of, panels, save, titles
from sweep_data import Point, pretty

SHAPE = ["hardware.rows", "hardware.cols"]
MANY = 10


def draw(sweep, folder):
    if not (sweep.varies("rows") or sweep.varies("cols")):
        return []
    networks = sweep.networks()
    figure, axes = panels(len(networks), PAGE if len(networks) > 1 else COLUMN, 2.2, share_y=False)
    data, helds = [], []
    for axis, network in zip(axes, networks):
        rows, held = sweep.slice(SHAPE, network)
        shapes = {}
        for row in rows:
            shapes.setdefault((row["rows"], row["cols"]), []).append(row)
        order = sorted(shapes, key=lambda s: (s[0] * s[1], s))
        many = len(order) > MANY
        for column, color, marker, label in (("dense_latency_us", DENSE, "o", "dense"),
                                             ("latency_us", SPARSE, "s", "sparse")):
            points = [(shape, Point(i, shapes[shape], column, 1 / 1000)) for i, shape in enumerate(order)]
            if many:
                cores = [s[0] * s[1] for s, _ in points]
                axis.scatter(cores, [p.mean for _, p in points], s=5, color=color, marker=marker, alpha=0.55, linewidths=0,
                             label=f"{label}, others")
                best = {}
                for (_, p), count in zip(points, cores):
                    best[count] = min(p.mean, best.get(count, p.mean))
                line, running = [], float("inf")
                for count in sorted(best):  # at most so many cores
                    running = min(running, best[count])
                    line.append((count, running))
                axis.plot(*zip(*line), color=color, drawstyle="steps-post", label=f"{label}, best shape")
            else:
                line_of(axis, [p for _, p in points], color=color, marker=marker, label=label)
            data += [[network, s[0], s[1], label, p.mean, p.least, p.most] for s, p in points]
        axis.set_yscale("log")
        if many:
            axis.set_xscale("log", base=2)
            ticks = [t for t in (1, 2, 4, 8, 16, 32, 64) if order[0][0] * order[0][1] <= t <= order[-1][0] * order[-1][1]]
            axis.set_xticks(ticks, [str(t) for t in ticks])
            axis.set_xlabel("cores")
        else:
            axis.set_xticks(range(len(order)), ["{}×{}".format(*s) for s in order], rotation=45 if len(order) > 6 else 0)
            axis.set_xlabel("array (rows × columns)")
        plain_log_ticks(axis, [value for row in data if row[0] == network for value in row[5:]])
        helds.append(sweep.averaged(held))
    titles(figure, axes, [pretty(network) for network in networks], helds)
    axes[0].set_ylabel("latency (ms)")
    legend_below(figure, axes, 4)
    return [save(figure, folder, "arrays", ["network", "rows", "cols", "density", "latency_ms", "least", "most"], data)]


def plain_log_ticks(axis, values):
    """1, 2, 5 times powers of ten in plain digits."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
    steps = [m * 10.0 ** e for e in range(-6, 7) for m in (1, 2, 5)]
    low = max([s for s in steps if s <= min(values)], default=min(values))
    high = min([s for s in steps if s >= max(values)], default=max(values))
    axis.set_ylim(low, high)
    axis.yaxis.set_major_locator(FixedLocator([s for s in steps if low <= s <= high]))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
