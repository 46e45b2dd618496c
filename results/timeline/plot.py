"""Draws the tracks of cores and shim channels of a trace: plot.py TRACE.json OUT.png"""
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def tracks_of(trace):
    """Name -> [(start, duration, layer)], for cores and shim channels."""
    names, tracks = {}, {}
    for event in trace:
        if event.get("ph") == "M" and event["name"] == "thread_name":
            names[event["pid"], event["tid"]] = event["args"]["name"]
    for event in trace:
        name = names.get((event.get("pid"), event.get("tid")), "")
        if event.get("ph") == "X" and (name.startswith("core") or name.startswith("shim")):
            tracks.setdefault(name, []).append((event["ts"], event["dur"], event["name"]))
    return tracks


def main():
    with open(sys.argv[1]) as source:
        trace = json.load(source)
    tracks = tracks_of(trace["traceEvents"] if isinstance(trace, dict) else trace)
    rows = sorted(tracks, key=lambda name: (not name.startswith("core"), name))
    layers = []
    for row in rows:
        layers += [layer for _, _, layer in tracks[row] if layer not in layers]
    colours = plt.get_cmap("tab20").colors
    figure, axes = plt.subplots(figsize=(7.2, 0.14 * len(rows) + 0.7))
    for y, row in enumerate(rows):
        spans = [(start, length) for start, length, _ in tracks[row]]
        shades = [colours[layers.index(layer) % 20] for _, _, layer in tracks[row]]
        axes.broken_barh(spans, (y - 0.4, 0.8), facecolors=shades, linewidth=0)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels(rows, fontsize=5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("time [us]", fontsize=7)
    axes.tick_params(axis="x", labelsize=6)
    figure.tight_layout()
    figure.savefig(sys.argv[2], dpi=200, metadata={"Software": None})


if __name__ == "__main__":
    main()
