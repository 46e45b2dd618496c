#!/usr/bin/env python3
"""Runs the networks on square arrays; writes bounds.csv, simulated latency over what the layers take alone, and the table of
README.md.

make.py [PROGRAM]     PROGRAM: a built tessera; the default is the launcher"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NETWORKS = {"resnet50": "ResNet50", "inception_v3": "Inception V3", "vgg16": "VGG16"}
ARRAYS = ("2x2", "4x4", "8x8")
# Masks, and whether output channels are assigned to rows so that non-zero blocks fall evenly.
MASKS = {"random": ("random", "true"), "random_unassigned": ("random", "false"), "balanced": ("balanced", "true")}


def simulate(tessera, network, array, masks, work):
    pattern, assigned = MASKS[masks]
    result = pathlib.Path(work) / "result.json"
    subprocess.run([tessera, "run", str(ROOT / f"configs/runs/{network}_{array}.json"), "--set",
                    f'sparsity.pattern="{pattern}"', "--set", f"schedule.balance={assigned}", "--json", str(result),
                    "--out", f"{work}/out"], check=True, stdout=subprocess.DEVNULL)
    return json.loads(result.read_text())


def table(runs):
    def over(run):
        return run["latency_us"] / run["alone_bound_us"]

    lines = ["| network | array | dense | over alone | 50 % zero, random | over alone | without assignment | balanced | "
             "over alone | speed-up, random |", "|---|---|" + "---:|" * 8]
    for network, name in NETWORKS.items():
        for array in ARRAYS:
            random, unassigned, balanced = (runs[network, array, m] for m in MASKS)
            lines.append(f"| {name} | {array} | {random['dense']['latency_us'] / 1e3:.3f} ms | {over(random['dense']):.3f} | "
                         f"{random['sparse']['latency_us'] / 1e3:.3f} ms | {over(random['sparse']):.3f} | "
                         f"{unassigned['sparse']['latency_us'] / 1e3:.3f} ms | "
                         f"{balanced['sparse']['latency_us'] / 1e3:.3f} ms | {over(balanced['sparse']):.3f} | "
                         f"{random['speedup']:.2f} |")
    return "\n".join(lines)


def main():
    tessera = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "tessera")
    with tempfile.TemporaryDirectory() as work:
        runs = {(n, a, m): simulate(tessera, n, a, m, work) for n in NETWORKS for a in ARRAYS for m in MASKS}
    with open(HERE / "bounds.csv", "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["network", "array", "masks", "dense_us", "dense_alone_bound_us", "dense_over_bound",
                         "sparse_us", "sparse_alone_bound_us", "sparse_over_bound", "speedup"])
        for key, run in runs.items():
            row = list(key)
            for density in ("dense", "sparse"):
                r = run[density]
                row += [f"{r['latency_us']:.3f}", f"{r['alone_bound_us']:.3f}",
                        f"{r['latency_us'] / r['alone_bound_us']:.3f}"]
            writer.writerow(row + [f"{run['speedup']:.3f}"])
    readme = HERE / "README.md"
    before, after = readme.read_text().split("<!-- table -->\n")[0::2]
    readme.write_text(f"{before}<!-- table -->\n{table(runs)}\n<!-- table -->\n{after}")


if __name__ == "__main__":
    main()
