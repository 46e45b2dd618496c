"""A sweep as the figures see it: table.csv, what axes.json knows of its axes, and the layers of single points from the
store."""
import csv
import json
import os
import sqlite3

from words import noun_of, normal, place_of, quantity, scale_of, show, unit_of

NAMES = {"resnet50": "ResNet50", "resnet18": "ResNet18", "vgg16": "VGG16", "inception_v3": "Inception V3"}
ROWS, COLS = "hardware.rows", "hardware.cols"
COLUMNS = {ROWS: "rows", COLS: "cols", "network": "network_name"}  # of these axes the table has what they mean as well


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
        self.facts = read_facts(os.path.join(folder, "axes.json"))
        self.rows = [row for row in everything if row["status"] == "done" and
                     all(isinstance(row[name], (int, float)) for name in ("latency_us", "dense_latency_us"))]
        for row in self.rows:
            row.setdefault("cores", row["rows"] * row["cols"])
        self.failed = len(everything) - len(self.rows)
        self.store = os.path.join(folder, "store.sqlite")
        self.fixed = {}

    def values(self, column, rows=None):
        """Distinct values of a column, sorted; texts such as 8x8 by their numbers."""
        found = {row[column] for row in (self.rows if rows is None else rows) if row.get(column) is not None}
        return sorted(found, key=order)

    def varies(self, column):
        return bool(self.rows) and column in self.rows[0] and len(self.values(column)) > 1

    def repeats(self, axis):
        """Whether the points along this axis are repetitions of one another, over which figures take the mean."""
        return axis.endswith("seed") or self.facts.get(axis, {}).get("repeat", False)

    def together(self, axis):
        """The axes that move together with this one (zipped): each value of one goes with one value of the other."""
        def tied(other):
            pairs = {(row[axis], row[other]) for row in self.rows}
            return len(pairs) == len(self.values(axis)) == len(self.values(other)) > 1
        return [other for other in self.axes if other == axis or tied(other)]

    def networks(self):
        return self.values("network_name")

    def fix(self, assignment):
        """--slice key=value: only the points with this value are left, for every figure."""
        key, equal, text = assignment.partition("=")
        legal = {axis: COLUMNS.get(axis, axis) for axis in [*self.axes, "network", ROWS, COLS]
                 if self.varies(COLUMNS.get(axis, axis))}
        if key not in legal:
            raise SystemExit(f"--slice {assignment}: {key or 'nothing'} is no axis with several values; legal keys: "
                             f"{', '.join(legal) or 'none, the sweep varies nothing'}")
        column = legal[key]
        found = [value for value in self.values(column) if equal and normal(text) in (normal(str(value)), normal(show(value)))]
        if not found:
            raise SystemExit(f"--slice {assignment}: no point has this value; legal values of {key}: "
                             f"{', '.join(show(value) for value in self.values(column))}")
        self.rows = [row for row in self.rows if row[column] == found[0]]
        if key != "network":
            self.fixed[key] = found[0]

    def reference(self, axis, rows):
        """The value a figure holds an axis at that it does not show: the base config's, else the middle of the axis. A
        ratio of 0 would compare the dense network with itself."""
        values = self.values(COLUMNS.get(axis, axis), rows)
        if axis == "sparsity.ratio":
            values = [value for value in values if value > 0] or values
        base = [value for value in values if normal(show(value)) == normal(show(self.facts.get(axis, {}).get("base")))]
        return base[0] if base else values[len(values) // 2]

    def slice(self, free, network=None):
        """Rows with every axis but `free` and repetitions held at its reference value, and that in words."""
        rows = [row for row in self.rows if network is None or row["network_name"] == network]
        free = set(free) | {"network"}
        held = dict(self.fixed)
        axes = [axis for axis in self.axes if axis not in (ROWS, COLS)]
        for axis in [*axes, ROWS, COLS]:  # the shape last: an axis of hardware files may have chosen it
            column = COLUMNS.get(axis, axis)
            if axis in free or axis in held or self.repeats(axis) or not rows:
                continue
            if self.varies(column):
                held[axis] = self.reference(axis, rows)
                rows = [row for row in rows if row[column] == held[axis]]
        return rows, self.words(held, rows)

    def point(self, network):
        """The rows of one point and what is held, repetitions at the first."""
        rows, words = self.slice([], network)
        for axis in self.axes:
            if self.repeats(axis) and self.varies(axis) and axis not in self.fixed and rows:
                first = self.values(axis, rows)[0]
                rows = [row for row in rows if row[axis] == first]
                words += f"{', ' if words else ''}{noun_of(axis)} {show(first)}"
        return rows, words

    def averaged(self, held, bars=True):
        """What is held, and over how many points the figure takes a mean, with bars from the least to the most."""
        count = 1
        for axis in self.axes:
            count *= max(1, len(self.values(axis))) if self.repeats(axis) else 1
        words = f"mean of {count} repetitions{', bars from least to most' if bars else ''}" if count > 1 else ""
        return ", ".join(part for part in (held, words) if part)

    def words(self, held, rows):
        """What is held, in words: 4×4 cores, block 8×8, DDR read 4 B/cycle; of zipped axes each is named."""
        parts = []
        if ROWS in held or COLS in held:
            if len({(row["rows"], row["cols"]) for row in rows}) == 1:
                parts.append("{}×{} cores".format(rows[0]["rows"], rows[0]["cols"]))
            else:
                parts += [f"{held[axis]} {name}" for axis, name in ((ROWS, "rows"), (COLS, "columns")) if axis in held]
        groups = {}  # zipped axes of one place at one value are one part: DDR read and write 4 B/cycle
        for axis in self.axes:
            if axis in held and axis not in (ROWS, COLS):
                value = quantity(axis, held[axis], self.unit(axis))
                groups.setdefault((place_of(axis), value, tuple(self.together(axis))), []).append(axis)
        for (place, value, _), axes in groups.items():
            parts.append(" ".join(part for part in (place, " and ".join(noun_of(axis) for axis in axes), value) if part))
        return ", ".join(parts)

    def unit(self, axis):
        return self.facts.get(axis, {}).get("unit")

    def label(self, axes, values):
        """(title, factor): what the numbers of zipped axes are called along a figure, divided by the factor."""
        factor, unit = scale_of(values, unit_of(axes[0], self.unit(axes[0])))
        alike = [axis for axis in axes if place_of(axis) == place_of(axes[0]) and
                 all(row[axis] == row[axes[0]] for row in self.rows)]
        words = f"{place_of(axes[0])} {' and '.join(noun_of(axis) for axis in alike)}".strip()
        return words + (f" ({unit})" if unit else ""), factor

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


def read_facts(path):
    """Per axis: "base", its value in the base config; "unit"; "repeat", if its points are repetitions."""
    try:
        with open(path, encoding="utf-8") as source:
            return json.load(source)
    except FileNotFoundError:
        return {}


def order(value):
    if isinstance(value, str) and "x" in value and value.replace("x", "").isdigit():
        return (0, [int(part) for part in value.split("x")])
    return (1, [value]) if isinstance(value, str) else (0, [value])


def measured_blocks(rows):
    """The blocks that stand at three or more shares of zero blocks: what a line or a row of a map needs."""
    shares = {}
    for row in rows:
        if row.get("speedup") is not None:
            shares.setdefault(row.get("sparsity.block"), set()).add(row["sparsity.ratio"])
    return sorted((block for block, found in shares.items() if len(found) >= 3), key=lambda b: (b is None, order(b)))


def mean(rows, column):
    return sum(row[column] for row in rows) / len(rows)


class Point:
    """One place along a figure: the mean over repetitions, their least and most, and whether a mask is marked."""

    def __init__(self, x, rows, column, scale=1.0):
        found = [row[column] * scale for row in rows]
        self.x, self.mean, self.least, self.most = x, sum(found) / len(found), min(found), max(found)
        self.marked = not column.startswith("dense") and any(row.get("mask_marks") for row in rows)


def series(rows, x, y, scale=1.0):
    """A Point for every value of x, sorted."""
    groups = {}
    for row in rows:
        if row.get(x) is not None and row.get(y) is not None:
            groups.setdefault(row[x], []).append(row)
    return [Point(value, groups[value], y, scale) for value in sorted(groups, key=order)]
