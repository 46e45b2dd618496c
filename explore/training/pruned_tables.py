#!/usr/bin/env python3
"""Tables of masks by `tessera prune` against uniform ones, in a README between its marks, and the accuracy of every
mask as a sweep reads it.

    pruned_tables.py DIR README.md      DIR holds runs.csv, accuracy.csv, latency.csv, kept.csv and gets by_mask.csv"""
import csv
import os
import sys
from statistics import mean, median

from plot_accuracy import read

KINDS = (  # column, how masks were chosen on an array, importance
    ("uniform", "uniform", "l1"),
    ("Fisher", "prune_{}", "fisher"),
    ("Fisher, floor", "prune_{}_floor", "fisher"),
    ("l1", "prune_{}", "l1"),
    ("l1, floor", "prune_{}_floor", "l1"),
)


def spread(values):
    return f"{mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


class Tables:
    def __init__(self, folder):
        self.rows = [row for row in read(os.path.join(folder, "accuracy.csv")) if row["schedule"] == "fine_tune"]
        self.times = {
            (row["run"], row["array"]): float(row["latency_us"]) for row in read(os.path.join(folder, "latency.csv"))
        }
        self.kept = {row["run"]: row for row in read(os.path.join(folder, "kept.csv"))}

    def runs(self, array, ratio, kind):
        _, allocation, importance = kind
        wanted = (ratio, allocation.format(array), importance)
        return [row for row in self.rows if (row["ratio"], row["allocation"], row["importance"]) == wanted]

    def accuracy(self, array):
        yield [f"zero, uniform | latency, {array}"] + [kind[0] for kind in KINDS]
        for ratio in sorted({row["ratio"] for row in self.rows}, key=float):
            uniform = self.runs(array, ratio, KINDS[0])
            time = median(self.times[row["run"], array] for row in uniform)
            cells = [f"{100 * float(ratio):g} % | {time:.1f} us"]
            yield cells + [spread([float(row["int8_top1"]) for row in self.runs(array, ratio, kind)]) for kind in KINDS]

    def importance(self):
        yield ["zero, uniform | array"] + [kind[0] for kind in KINDS[1:]]
        for array in sorted({array for _, array in self.times}):
            for ratio in sorted({row["ratio"] for row in self.rows}, key=float):
                cells = [f"{100 * float(ratio):g} % | {array}"]
                for kind in KINDS[1:]:
                    found = [self.kept[row["run"]] for row in self.runs(array, ratio, kind)]
                    cells.append(
                        " / ".join(f"{mean(float(row[key]) for row in found):.1f}" for key in ("kept", "uniform_kept"))
                    )
                yield cells


def markdown(lines):
    head, *body = lines
    columns = " | ".join(head).count("|") + 1
    return ["| " + " | ".join(head) + " |", "|" + "---:|" * columns] + ["| " + " | ".join(line) + " |" for line in body]


def replace_part(text, name, lines):
    mark = f"<!-- {name} -->\n"
    before, _, after = text.split(mark)
    return before + mark + "\n".join(lines) + "\n" + mark + after


def write_by_mask(folder, rows):
    """Masks as a sweep in configs/sweeps names them."""
    with open(os.path.join(folder, "by_mask.csv"), "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["sparsity.mask_file", "accuracy"])
        top1 = {row["run"]: row["int8_top1"] for row in rows}
        for run in read(os.path.join(folder, "runs.csv")):
            if run["run"] in top1:
                table.writerow([f"../../{run['masks']}", top1[run["run"]]])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, page = sys.argv[1:]
    tables = Tables(folder)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for array in sorted({array for _, array in tables.times}):
        text = replace_part(text, f"accuracy {array}", markdown(tables.accuracy(array)))
    text = replace_part(text, "importance", markdown(tables.importance()))
    with open(page, "w", encoding="utf-8") as file:
        file.write(text)
    write_by_mask(folder, tables.rows)


if __name__ == "__main__":
    main()
