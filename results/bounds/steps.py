#!/usr/bin/env python3
"""Steps to one more row, column, channel or rate that cost more than 1 %, and networks for which policy best is slower than
published: steps.csv beside this file, and the list in README.md.

steps.py TABLE...     TABLE: table.csv of the sweeps configs/sweeps/array_steps.json and machine_steps.json"""
import collections
import csv
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
FIXED = ("network", "sparsity.ratio", "schedule.policy")


def axes_of(rows):
    header = list(rows[0])
    names = header[header.index("point") + 1:header.index("status")]
    zipped = "hardware.rows" in names and all(r["hardware.rows"] == r["hardware.cols"] for r in rows)
    return [n for n in names if n not in FIXED and not (zipped and n in ("hardware.rows", "hardware.cols"))]


def read(path):
    with open(path, encoding="utf-8") as table:
        return [r for r in csv.DictReader(table) if r["status"] == "done"]


def rises_of(rows, axes):
    """Per axis the number of steps, and those that rise by more than 1 %."""
    rows = [r for r in rows if r.get("schedule.policy", "best") == "best"]
    fixed = [(r["network_name"], float(r["sparsity.ratio"]), int(r["rows"]), int(r["cols"])) for r in rows]
    found = {}
    for axis in axes:
        lines = collections.defaultdict(list)
        for row, (network, ratio, r, c) in zip(rows, fixed):
            shape = {"hardware.rows": (0, c), "hardware.cols": (r, 0)}.get(axis, (r, c))
            others = tuple(row[a] for a in axes if a != axis)
            lines[(network, ratio, shape, others)].append((float(row[axis]), float(row["latency_us"]), r, c, others))
        steps, rises = 0, []
        for (network, ratio, _, others), line in lines.items():
            line.sort()
            for (x, before, r, c, _), (y, after, *_) in zip(line, line[1:]):
                # Of the arrays with eight rows only 8x2 has two rows of memory tiles: 8x3 has less memory.
                if axis == "hardware.cols" and (r, c) == (8, 2):
                    continue
                steps += 1
                if after > 1.01 * before:
                    held = " ".join(f"{a.split('hardware.')[-1]}={v}" for a, v in
                                    zip([a for a in axes if a != axis], others) if a not in ("hardware.rows", "hardware.cols"))
                    rises.append([axis, network, ratio, f"{r}x{c}", held, f"{x:g}", f"{y:g}", f"{before:.3f}", f"{after:.3f}",
                                  f"{100 * (after / before - 1):.1f}"])
        found[axis] = (steps, rises)
    return found


def main():
    listed, lines = [], []
    for path in sys.argv[1:]:
        rows = read(path)
        for axis, (steps, rises) in rises_of(rows, axes_of(rows)).items():
            worst = max((float(r[-1]) for r in rises), default=0)
            lines.append(f"`{axis}`: {steps} steps, {len(rises)} rise by more than 1 %" +
                         (f", the worst by {worst} %" if rises else ""))
            listed += rises
        latency = {(r["network_name"], r["sparsity.ratio"], r["rows"], r["cols"], r.get("schedule.policy")): float(r["latency_us"])
                   for r in rows}
        pairs = [(key[:4], v, latency[key[:4] + ("published",)]) for key, v in latency.items()
                 if key[4] == "best" and key[:4] + ("published",) in latency]
        if pairs:
            slower = [key for key, best, published in pairs if best > published]
            nearest = max(best / published for _, best, published in pairs)
            lines.append(f"`best` against `published`: {len(pairs)} pairs, `best` is slower in {len(slower)}"
                         f"{': ' + str(slower) if slower else ''}; at the nearest it takes {nearest:.3f} of the time")
    with open(HERE / "steps.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["axis", "network", "ratio", "array", "held", "from", "to", "from_us", "to_us", "rise_pct"])
        writer.writerows(sorted(listed, key=lambda x: -float(x[-1])))
    print("\n".join(lines))
    readme = HERE / "README.md"
    before, after = readme.read_text(encoding="utf-8").split("<!-- steps -->\n")[0::2]
    found = "".join(f"- {line}\n" for line in lines)
    readme.write_text(f"{before}<!-- steps -->\n{found}<!-- steps -->\n{after}", encoding="utf-8")


main()
