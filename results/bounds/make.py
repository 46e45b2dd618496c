#!/usr/bin/env python3
"""Runs the networks on square arrays and writes bounds.csv: simulated latency over the sum of layer bounds.

make.py [PROGRAM]     PROGRAM: a built tessera; the default is the launcher"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def main():
    tessera = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "tessera")
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for network in ("resnet50", "inception_v3", "vgg16"):
            for array in ("2x2", "4x4", "8x8"):
                for pattern in ("random", "balanced"):
                    result = pathlib.Path(work) / "result.json"
                    subprocess.run([tessera, "run", str(ROOT / f"configs/runs/{network}_{array}.json"), "--set",
                                    f'sparsity.pattern="{pattern}"', "--json", str(result), "--out", f"{work}/out"],
                                   check=True, stdout=subprocess.DEVNULL)
                    run = json.loads(result.read_text())
                    row = [network, array, pattern]
                    for density in ("dense", "sparse"):
                        r = run[density]
                        row += [f"{r['latency_us']:.3f}", f"{r['layer_bound_us']:.3f}",
                                f"{r['latency_us'] / r['layer_bound_us']:.3f}"]
                    rows.append(row + [f"{run['speedup']:.3f}"])
    with open(HERE / "bounds.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["network", "array", "pattern", "dense_us", "dense_layer_bound_us", "dense_over_bound",
                         "sparse_us", "sparse_layer_bound_us", "sparse_over_bound", "speedup"])
        writer.writerows(rows)


main()
