"""A sweep as the figures see it: table.csv, and the layers of single points from the store."""
import csv
import json
import os
import sqlite3

NAMES = {"resnet50": "ResNet50", "resnet18": "ResNet18", "vgg16": "VGG16", "inception_v3": "Inception V3"}


def pretty(network):
    return NAMES.get(network, network)


def typed(text):
    if text == "":
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


class Sweep:
    def __init__(self, folder):
        self.folder = folder
        path = os.path.join(folder, "table.csv")
        if not os.path.exists(path):
            raise SystemExit(f"{path}: missing; make it with: tessera sweep collect {folder}")
        with open(path, newline="", encoding="utf-8", errors="replace") as source:
            reader = csv.DictReader(source)
            header = reader.fieldnames or []
            everything = [{key: typed(value) for key, value in row.items() if key is not None} for row in reader]
        needed = ("status", "network_name", "rows", "cols", "latency_us", "dense_latency_us", "weight_bytes")
        missing = [name for name in needed if name not in header]
        if missing:
            raise SystemExit(f"{path}: column {', '.join(missing)} is missing; figures need a table with one row per point, "
                             f"such as tessera sweep collect {folder} writes")
        before = header[:header.index("status")]
        if "point" in before:
            self.axes = before[before.index("point") + 1:]
        else:  # a published table, trimmed by results/publish.sh: of its axes those that have a config path
            self.axes = [name for name in before if "." in name]
        self.rows = [row for row in everything if row["status"] == "done" and
                     all(isinstance(row[name], (int, float)) for name in ("latency_us", "dense_latency_us"))]
        for row in self.rows:
            row.setdefault("cores", row["rows"] * row["cols"])
        self.failed = len(everything) - len(self.rows)
        self.store = os.path.join(folder, "store.sqlite")

    def values(self, column, rows=None):
        """Distinct values of a column, sorted; texts such as 8x8 by their numbers."""
        found = {row[column] for row in (self.rows if rows is None else rows) if row.get(column) is not None}
        return sorted(found, key=order)

    def varies(self, column):
        return bool(self.rows) and column in self.rows[0] and len(self.values(column)) > 1

    def together(self, axis):
        """The axes that move together with this one (zipped): each value of one goes with one value of the other."""
        def tied(other):
            pairs = {(row[axis], row[other]) for row in self.rows}
            return len(pairs) == len(self.values(axis)) == len(self.values(other)) > 1
        return [other for other in self.axes if other == axis or tied(other)]

    def networks(self):
        return self.values("network_name")

    def slice(self, free, network=None):
        """Rows with every axis but `free` held at its reference value, and that value in words."""
        rows = [row for row in self.rows if network is None or row["network_name"] == network]
        free = set(free) | {"network"}
        words = []
        if not {"hardware.rows", "hardware.cols"} & free and (self.varies("rows") or self.varies("cols")):
            counts = {}
            for row in rows:
                counts[row["rows"], row["cols"]] = counts.get((row["rows"], row["cols"]), 0) + 1
            shapes = sorted(counts, key=lambda s: (-counts[s], abs(s[0] - 4) + abs(s[1] - 4), s))
            rows = [row for row in rows if (row["rows"], row["cols"]) == shapes[0]]
            words.append("{}×{} cores".format(*shapes[0]))
        for axis in self.axes:
            if axis in free or axis.endswith("seed") or axis in ("hardware.rows", "hardware.cols"):
                continue
            values = self.values(axis, rows)
            if len(values) > 1:
                chosen = reference(axis, values)
                rows = [row for row in rows if row[axis] == chosen]
                words.append(in_words(axis, chosen, alone=len(self.together(axis)) == 1))
        return rows, ", ".join(words)

    def layers(self, row):
        """(result, layers) of the point of a row and of its dense baseline, or None without a store."""
        if not os.path.exists(self.store):
            return None
        connection = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)
        try:
            baseline = connection.execute("SELECT baseline FROM plan WHERE key = ?", (row["key"],)).fetchone()
            answer = {}
            for density, key in (("dense", baseline and baseline[0]), ("sparse", row["key"])):
                found = connection.execute("SELECT result, layers FROM runs WHERE key = ? AND status = 'done'",
                                           (key,)).fetchone()
                if found is None:
                    return None
                answer[density] = (json.loads(found[0]), json.loads(found[1]))
            return answer
        finally:
            connection.close()


def order(value):
    if isinstance(value, str) and "x" in value and value.replace("x", "").isdigit():
        return (0, [int(part) for part in value.split("x")])
    return (1, [value]) if isinstance(value, str) else (0, [value])


def reference(axis, values):
    """The value a figure holds an axis at that it does not show."""
    preferred = {"sparsity.ratio": 0.5, "sparsity.block": "8x8"}.get(axis)
    return preferred if preferred in values else values[0]


def short(axis):
    return axis.split(".")[-1].replace("_", " ")


def show(value):
    if not isinstance(value, str):
        return f"{value}"
    if "/" in value:
        return os.path.splitext(os.path.basename(value))[0]
    return value.replace("x", "×") if value.replace("x", "").isdigit() else value


def in_words(axis, value, alone=True):
    """An axis at a value, in the few words a title has room for: DDR read 4 GB/s (DDR 4 GB/s when others move with
    it), block 8x8."""
    if not rate_of(axis):
        return f"{short(axis)} {show(value)}"
    place = axis.split(".")[-2].replace("ddr", "DDR")
    words, unit = rate_of(axis)
    return " ".join([place, *([words] if alone and words else []), f"{value:g} {unit}"])


def rate_of(axis):
    """Of an axis that is a rate: its name without the unit, and the unit; of another one: None."""
    for ending, unit in (("bytes per cycle", "B/cycle"), ("gb per s", "GB/s")):
        if short(axis).endswith(ending):
            return short(axis)[:-len(ending)].strip(), unit
    return None


def measured_blocks(rows):
    """The blocks that stand at three or more shares of zero blocks: what a line or a row of a map needs."""
    shares = {}
    for row in rows:
        if row.get("speedup") is not None:
            shares.setdefault(row.get("sparsity.block"), set()).add(row["sparsity.ratio"])
    return sorted((block for block, found in shares.items() if len(found) >= 3), key=lambda b: (b is None, order(b)))


def mean(rows, column):
    return sum(row[column] for row in rows) / len(rows)


def series(rows, x, y):
    """Sorted (x, mean of y over repeats) pairs."""
    groups = {}
    for row in rows:
        if row.get(x) is not None and row.get(y) is not None:
            groups.setdefault(row[x], []).append(row)
    return [(value, mean(groups[value], y)) for value in sorted(groups, key=order)]
