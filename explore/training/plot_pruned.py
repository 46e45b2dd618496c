#!/usr/bin/env python3
"""Draws accuracy over predicted latency: the same share of zero blocks in every layer against masks by `tessera prune`.

    plot_pruned.py DIR      DIR holds accuracy.csv and latency.csv; the figure goes to DIR/figures

A panel per array; masks were made for the array of the panel. Marks are medians over seeds of both, bars reach from the
least to the greatest accuracy."""
import os
import sys
from collections import defaultdict
from statistics import median

from plot_accuracy import draw_lines, read, style

MADE_BY = {"l1": "prune, l1", "fisher": "prune, Fisher"}
UNIFORM = "uniform share"
LEAST = 86  # per cent at the foot of the figure: bars of failed seeds reach below it


def line_of(row, array):
    """The line a network belongs to in the panel of an array; None: it is not shown there."""
    if row["schedule"] != "fine_tune":
        return None
    if row["allocation"] == "uniform":
        return UNIFORM
    endings = {f"prune_{array}": "", f"prune_{array}_floor": ", floor"}
    return MADE_BY[row["importance"]] + endings[row["allocation"]] if row["allocation"] in endings else None


def points_of(rows, times, array):
    """{line: [(latency, accuracy, least, greatest) in the order of latency]}"""
    groups = defaultdict(lambda: defaultdict(list))
    for row in rows:
        line = line_of(row, array)
        if line and times.get(row["run"]):
            groups[line][row["ratio"]].append((float(times[row["run"]]), float(row["int8_top1"])))
    lines = {}
    for line in sorted(groups, key=lambda name: (name != UNIFORM, name)):
        points = []
        for part in groups[line].values():
            values = [accuracy for _, accuracy in part]
            points.append((median(time for time, _ in part), median(values), min(values), max(values)))
        lines[line] = sorted(points)
    return lines


def main():
    folder = sys.argv[1]
    rows, latencies = read(os.path.join(folder, "accuracy.csv")), read(os.path.join(folder, "latency.csv"))
    arrays, data = sorted({row["array"] for row in latencies}), []
    figure, axes = style.panels(len(arrays), style.PAGE, 2.5)
    for axis, array in zip(axes, arrays):
        times = {row["run"]: row["latency_us"] for row in latencies if row["array"] == array}
        draw_lines(axis, points_of(rows, times, array), array, data)
        axis.set_xlabel("predicted latency in us")
        axis.set_ylim(LEAST, 96)
    axes[0].set_ylabel("top-1 of the int8 network in %")
    style.legend_below(figure, axes, 3)
    style.save(
        figure,
        os.path.join(folder, "figures"),
        "pareto",
        ["array", "line", "latency_us", "median", "least", "greatest"],
        data,
    )


if __name__ == "__main__":
    main()
