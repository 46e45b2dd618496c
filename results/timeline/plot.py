"""Draws the tracks of cores and shim channels of a trace: plot.py TRACE.json FOLDER, which gets timeline.pdf, .png, .csv"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../explore/plot"))
from style import COLORS, PAGE, plt, save  # noqa: E402

NEAR_US = 0.5  # spans of one layer that are nearer than this are one bar: the gap is thinner than what can be printed


def tracks_of(trace):
    """Name -> [(start, end, layer)], for cores and shim channels while they work."""
    names, tracks = {}, {}
    for event in trace:
        if event.get("ph") == "M" and event["name"] == "thread_name":
            names[event["pid"], event["tid"]] = event["args"]["name"]
    for event in trace:
        name = names.get((event.get("pid"), event.get("tid")), "")
        if event.get("ph") == "X" and event.get("cat") != "wait" and name.startswith(("core", "shim")):
            tracks.setdefault(name, []).append((event["ts"], event["ts"] + event["dur"], event["name"]))
    return {name: joined(sorted(spans)) for name, spans in tracks.items()}


def joined(spans):
    bars = []
    for start, end, layer in spans:
        if bars and bars[-1][2] == layer and start - bars[-1][1] < NEAR_US:
            bars[-1] = (bars[-1][0], max(end, bars[-1][1]), layer)
        else:
            bars.append((start, end, layer))
    return bars


def main():
    with open(sys.argv[1], encoding="utf-8") as source:
        trace = json.load(source)
    tracks = tracks_of(trace["traceEvents"] if isinstance(trace, dict) else trace)
    rows = sorted(tracks, key=lambda name: (not name.startswith("core"), name))
    layers = []  # in the order in which they start
    for _, layer in sorted((start, layer) for bars in tracks.values() for start, _, layer in bars):
        if layer not in layers:
            layers.append(layer)
    figure, axis = plt.subplots(figsize=(PAGE, 0.13 * len(rows) + 0.5), constrained_layout=True)
    data = []
    for y, row in enumerate(rows):
        shades = [COLORS[layers.index(layer) % len(COLORS)] for _, _, layer in tracks[row]]
        axis.broken_barh([(start, end - start) for start, end, _ in tracks[row]], (y - 0.4, 0.8), facecolors=shades,
                         linewidth=0)
        data += [[row, layer, f"{start:.3f}", f"{end:.3f}"] for start, end, layer in tracks[row]]
    axis.set_yticks(range(len(rows)), rows, fontsize=6)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_xlim(left=0, right=max(end for bars in tracks.values() for _, end, _ in bars))
    axis.set_xlabel("time (µs)")
    axis.grid(axis="y", visible=False)
    save(figure, sys.argv[2], "timeline", ["track", "layer", "start_us", "end_us"], data)


if __name__ == "__main__":
    main()
