#!/usr/bin/env python3
"""Draws what `experiment.py` measured, and, where latency.csv stands beside it, accuracy against predicted latency.

    plot_accuracy.py DIR      DIR holds accuracy.csv and curves.csv; figures go to DIR/figures

Marks are medians over seeds, bars reach from the least to the greatest of them."""
import csv
import os
import sys
from collections import defaultdict
from statistics import median

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "plot"))
import style  # noqa: E402


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def label_of(row):
    """What a line stands for; blocks are square."""
    text = f"{row['block']}x{row['block']}"
    if row["allocation"] == "global":
        return text + ", ratio free per layer"
    return text + ("" if row["schedule"] == "fine_tune" else f", {row['schedule']}")


def lines(rows, x, y):
    """{label: [(x, median, least, greatest) in the order of x]}; the dense network belongs to every label."""
    groups = defaultdict(lambda: defaultdict(list))
    dense = [row for row in rows if not row["block"]]
    for row in rows:
        if row["block"] and row["ratio"] != "0" and row[y]:
            groups[label_of(row)][row["ratio"]].append(row)
    result = {}
    for label, by_ratio in sorted(groups.items(), key=lambda item: (int(item[0].split("x")[0]), item[0])):
        by_ratio = {**by_ratio, **({"0": [r for r in dense if r[y]]} if any(r[y] for r in dense) else {})}
        points = []
        for part in by_ratio.values():
            values = [float(row[y]) for row in part]
            points.append((median(float(row[x]) for row in part), median(values), min(values), max(values)))
        result[label] = sorted(points)
    return result


def draw_lines(axis, groups, title, data):
    for i, (label, points) in enumerate(groups.items()):
        x, y, low, high = zip(*points)
        axis.errorbar(
            x,
            y,
            [[a - b for a, b in zip(y, low)], [b - a for a, b in zip(y, high)]],
            color=style.COLORS[i],
            marker=style.MARKERS[i],
            elinewidth=0.6,
            capsize=1.5,
            label=label,
        )
        data += [(title, label, *point) for point in points]
    axis.set_title(title)


def accuracy_figure(rows, folder):
    """Over the share of zero weights: fine-tuned in float, the same networks in int8, and before any fine-tuning."""
    data = []
    plain = [row for row in rows if row["allocation"] != "global" and row["schedule"] != "gradual"]
    figure, axes = style.panels(3, style.PAGE, 2.3, share_y=False)
    for axis, (title, y) in zip(
        axes,
        (
            ("fine-tuned, float32", "top1"),
            ("fine-tuned, int8", "int8_top1"),
            ("one-shot, not fine-tuned", "one_shot_top1"),
        ),
    ):
        draw_lines(axis, lines(plain, "zero_share", y), title, data)
        axis.set_xlabel("share of zero weights")
    low = min(float(row["top1"]) for row in plain)
    for axis in axes[:2]:
        axis.set_ylim(low - 0.5, 96)
    axes[0].set_ylabel("top-1 on 10,000 images in %")
    style.legend_below(figure, axes, 4)
    style.save(figure, folder, "accuracy", ["panel", "line", "zero_share", "median", "least", "greatest"], data)


def work_figure(rows, folder):
    """8x8 blocks over the multiply-accumulates kept: how the share is chosen, and when."""
    data = []
    figure, axes = style.panels(1, style.COLUMN, 2.4)
    groups = lines([row for row in rows if row["block"] in ("", "8")], "macs_kept", "int8_top1")
    draw_lines(axes[0], groups, "8x8 blocks, int8", data)
    axes[0].set_ylim(89, 96)
    axes[0].set_xlabel("multiply-accumulates kept / dense")
    axes[0].set_ylabel("top-1 in %")
    style.legend_below(figure, axes, 2)
    style.save(figure, folder, "allocation", ["panel", "line", "macs_kept", "median", "least", "greatest"], data)


def curves_figure(curves, folder):
    """Test accuracy over the epochs of dense training and of fine-tuning 8x8 blocks."""
    data = []
    figure, axes = style.panels(2, style.PAGE, 2.2)
    groups = defaultdict(list)
    for row in curves:
        run = row["run"].rsplit("_s", 1)[0]
        if run == "dense" or run.startswith("8x8") and run.endswith("uniform_l1_fine_tune"):
            groups[(run == "dense", run)].append(row)
    for (dense, run), part in sorted(groups.items(), key=lambda item: (not item[0][0], item[0][1])):
        axis, label = axes[0 if dense else 1], "dense" if dense else f"{100 * float(run.split('_')[1]):g} % zero blocks"
        color = style.COLORS[len(axis.get_lines())]
        epochs = sorted({int(row["epoch"]) for row in part})
        values = [[float(row["test_top1"]) for row in part if int(row["epoch"]) == epoch] for epoch in epochs]
        axis.plot(epochs, [median(v) for v in values], color=color, label=label)
        axis.fill_between(
            epochs, [min(v) for v in values], [max(v) for v in values], color=color, alpha=0.2, linewidth=0
        )
        data += [(label, epoch, median(v), min(v), max(v)) for epoch, v in zip(epochs, values)]
    for axis, title in zip(axes, ("dense training", "fine-tuning, 8x8 blocks")):
        axis.set_title(title)
        axis.set_xlabel("epoch")
    axes[0].set_ylabel("top-1 in %")
    axes[0].set_ylim(80, 96)
    style.legend_below(figure, axes, 4)
    style.save(figure, folder, "curves", ["line", "epoch", "median", "least", "greatest"], data)


def latency_figure(rows, latencies, folder):
    """int8 accuracy over predicted latency: a panel per array."""
    data, arrays = [], sorted({row["array"] for row in latencies})
    figure, axes = style.panels(len(arrays), style.PAGE, 2.5)
    for axis, array in zip(axes, arrays):
        times = {row["run"]: row["latency_us"] for row in latencies if row["array"] == array}
        timed = [{**row, "latency_us": times[row["run"]]} for row in rows if times.get(row["run"])]
        draw_lines(axis, lines(timed, "latency_us", "int8_top1"), array, data)
        axis.set_xlabel("predicted latency in us")
        axis.set_ylim(89, 96)
    axes[0].set_ylabel("top-1, int8, in %")
    style.legend_below(figure, axes, 3)
    style.save(figure, folder, "latency", ["array", "line", "latency_us", "median", "least", "greatest"], data)


def main():
    folder = sys.argv[1]
    figures = os.path.join(folder, "figures")
    rows = read(os.path.join(folder, "accuracy.csv"))
    accuracy_figure(rows, figures)
    work_figure(rows, figures)
    curves_figure(read(os.path.join(folder, "curves.csv")), figures)
    latency = os.path.join(folder, "latency.csv")
    if os.path.exists(latency):
        latency_figure(rows, read(latency), figures)


if __name__ == "__main__":
    main()
