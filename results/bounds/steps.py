#!/usr/bin/env python3
"""Lists the steps to one more row or column that cost more than 1 %: steps.csv beside this file.

steps.py TABLE     TABLE: table.csv of the sweep configs/sweeps/array_steps.json"""
import csv
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    with open(sys.argv[1], encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    latency = {(r["network_name"], float(r["sparsity.ratio"]), int(r["rows"]), int(r["cols"])): float(r["latency_us"])
               for r in rows if r["status"] == "done"}
    steps, rises = 0, []
    for (network, ratio, r, c), before in latency.items():
        for to in ((r + 1, c), (r, c + 1)):
            # Of the arrays with eight rows only 8x2 has two rows of memory tiles: 8x3 has less memory.
            after = latency.get((network, ratio) + to)
            if after is None or (r, c) == (8, 2):
                continue
            steps += 1
            if after > 1.01 * before:
                rises.append((network, ratio, f"{r}x{c}", f"{to[0]}x{to[1]}", f"{before:.3f}", f"{after:.3f}",
                              f"{100 * (after / before - 1):.1f}"))
    with open(HERE / "steps.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["network", "ratio", "from", "to", "from_us", "to_us", "rise_pct"])
        writer.writerows(sorted(rises, key=lambda x: -float(x[-1])))
    print(f"{len(latency)} arrays, {steps} steps, {len(rises)} rise by more than 1 %")


main()
