"""Roofline with layers as points: multiply-accumulates per byte of DDR against multiply-accumulates per second.
A layer whose weights are fetched before it starts may lie above the slope of the DDR."""
from figures.arrays import plain_log_ticks
from style import COLUMN, DENSE, SPARSE, legend_below, panels, save, titles
from sweep_data import pretty


def draw(sweep, folder):
    names = []
    for network in sweep.networks():
        rows, held = sweep.point(network)
        found = sweep.layers(rows[0]) if rows else None
        if not found or "hardware.peak_macs_per_cycle" not in found["dense"][0]:
            continue
        figure, (axis,) = panels(1, COLUMN, 2.4)
        data, xs, ys = [], [], []
        for density, color, marker in (("dense", DENSE, "o"), ("sparse", SPARSE, "^")):
            points = []
            for layer in found[density][1]:
                moved = layer["ddr_read_bytes"] + layer["ddr_write_bytes"]
                spent = layer["end_us"] - layer["start_us"]
                if layer["macs"] > 0 and moved > 0 and spent > 0:
                    points.append((layer["macs"] / moved, layer["macs"] / spent / 1e6))
                    data.append([network, density, layer["name"], *points[-1]])
            if points:
                axis.scatter(*zip(*points), s=9, color=color, marker=marker, linewidths=0, alpha=0.8,
                             label=f"layers, {density}")
                xs += [p[0] for p in points]
                ys += [p[1] for p in points]
        if not xs:
            continue
        result = found["dense"][0]
        cycles = result["cycles"] / result["latency_us"] / 1e6  # millions per us
        peak = result["hardware.peak_macs_per_cycle"] * result["cores"] * cycles
        bandwidth = result["hardware.ddr_bytes_per_cycle"] * cycles
        low, high = min(xs) / 1.5, max(max(xs), 2 * peak / bandwidth) * 1.5
        axis.plot([low, peak / bandwidth, high], [low * bandwidth, peak, peak], color="black",
                  label=f"{peak:.3g} TMAC/s, {bandwidth * 1000:.3g} GB/s")
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlim(low, high)
        plain_log_ticks(axis, [min(ys) / 1.1, peak * 1.2])
        axis.set_xlabel("MAC per byte of DDR")
        axis.set_ylabel("TMAC/s")
        titles(figure, [axis], [pretty(network)], [held])
        legend_below(figure, [axis], 3)
        names.append(save(figure, folder, f"roofline_{network}",
                          ["network", "density", "layer", "mac_per_byte", "tmac_per_s"], data))
    return names
