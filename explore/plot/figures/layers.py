"""Where the time goes: for each layer the time of the average core, stacked by cause, dense above sparse. Layers that no
core is ever at (an addition computed with its convolution, a concatenation in place) have no bar."""
from style import PAGE, legend_below, plt, save, titles
from sweep_data import pretty

CAUSES = [("busy", "computing", "#0072B2"), ("wait_input", "waits for activations", "#56B4E9"),
          ("wait_weights", "waits for weights", "#E69F00"), ("wait_operand", "waits for the second operand", "#CC79A7"),
          ("wait_output", "waits for room for its output", "#D55E00"), ("overhead", "overhead", "#999999"),
          ("other", "other waits", "#444444")]
NAMED = {cause for cause, _, _ in CAUSES}


def parts(layer, cores, cycles_per_us):
    time = layer.get("time", {})
    sums = {cause: time.get(cause, 0) for cause, _, _ in CAUSES if cause != "other"}
    sums["other"] = sum(v for cause, v in time.items() if cause not in NAMED and cause != "idle")
    return {cause: cycles / cores / cycles_per_us for cause, cycles in sums.items()}


def brief(name):
    """Layer names of common model zoos without the parts that say nothing in a row of conv layers."""
    return name.replace("Mixed_", "").replace("branch", "").replace(".conv", "" if name.endswith(".conv") else ".c")


def draw(sweep, folder):
    names = []
    for network in sweep.networks():
        rows, held = sweep.point(network)
        found = sweep.layers(rows[0]) if rows else None
        if not found:
            continue
        figure, axes = plt.subplots(2, 1, figsize=(PAGE, 3.4), sharex=True, sharey=True, constrained_layout=True)
        worked = {layer["name"] for _, layers in found.values() for layer in layers
                  if any(parts(layer, 1, 1).values())}
        data, top = [], 0
        tallest = max(sum(parts(layer, result["cores"], result["cycles"] / result["latency_us"]).values())
                      for result, layers in found.values() for layer in layers)
        for axis, density in zip(axes, ("dense", "sparse")):
            result, layers = found[density]
            layers = [layer for layer in layers if layer["name"] in worked]
            stacks = [parts(layer, result["cores"], result["cycles"] / result["latency_us"]) for layer in layers]
            floor = [0.0] * len(stacks)
            for cause, label, color in CAUSES:
                heights = [stack[cause] for stack in stacks]
                if max(heights, default=0) > 0.005 * tallest:  # what could not be seen is not in the legend
                    axis.bar(range(len(stacks)), heights, bottom=floor, color=color, width=0.85, label=label)
                floor = [a + b for a, b in zip(floor, heights)]
            top = max(top, *floor)
            for layer, stack in zip(layers, stacks):
                data.append([network, density, layer["name"]] + [stack[cause] for cause, _, _ in CAUSES])
            axis.set_ylabel(f"{density} (µs)")
            axis.grid(axis="x", visible=False)
            axis.margins(x=0.005)
        axes[0].set_ylim(0, 1.04 * top)
        step = 1 if len(layers) <= 75 else 2  # names stay readable; all of them are in the CSV
        axes[1].set_xticks(range(0, len(layers), step), [brief(layer["name"]) for layer in layers[::step]], rotation=90,
                           fontsize=6)
        titles(figure, axes[:1], [pretty(network)], [held], "time of the average core by layer")
        legend_below(figure, axes, 4)
        names.append(save(figure, folder, f"layers_{network}",
                          ["network", "density", "layer"] + [f"{cause}_us" for cause, _, _ in CAUSES], data))
    return names
