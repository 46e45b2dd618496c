#!/usr/bin/env python3
"""Predicted latency of every network that `experiment.py` trained: the dense network of an ONNX file under each mask.

    latency.py DIR --model DENSE.onnx[.gz] --tessera PROGRAM [--hardware aie2] [--arrays 2x2 4x4]

DIR holds accuracy.csv and masks/<run>.npz and gets latency.csv: run, array, latency_us, weight_bytes, or a reason."""
import argparse
import csv
import json
import os
import subprocess
import tempfile

COLUMNS = ["run", "array", "latency_us", "weight_bytes", "reason"]


def simulate(arguments, array, row, folder):
    """One row of latency.csv."""
    rows, cols = array.split("x")
    result = os.path.join(folder, "result.json")
    masks = os.path.join(arguments.results, "masks", row["run"] + ".npz")
    command = [
        arguments.tessera,
        "run",
        arguments.model,
        "--dim",
        "n=1",
        "--hardware",
        arguments.hardware,
        "--set",
        f"hardware.rows={rows}",
        "--set",
        f"hardware.cols={cols}",
        "--json",
        result,
        "--out",
        folder,
    ]
    sparse = row["block"] and os.path.exists(masks)
    if sparse:
        command += [
            "--set",
            f"sparsity.block=[{row['block']},{row['block']}]",
            "--set",
            f'sparsity.mask_file="{masks}"',
        ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"run": row["run"], "array": array, "reason": " ".join(done.stderr.split())[:200]}
    with open(result, encoding="utf-8") as file:
        found = json.load(file)["sparse" if sparse else "dense"]
    return {
        "run": row["run"],
        "array": array,
        "latency_us": found["latency_us"],
        "weight_bytes": found["weight_bytes"]["total"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results")
    parser.add_argument("--model", required=True)
    parser.add_argument("--tessera", required=True)
    parser.add_argument("--hardware", default="aie2")
    parser.add_argument("--arrays", nargs="+", default=["2x2", "4x4"])
    arguments = parser.parse_args()
    with open(os.path.join(arguments.results, "accuracy.csv"), encoding="utf-8", newline="") as file:
        trained = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as folder:
        rows = [simulate(arguments, array, row, folder) for array in arguments.arrays for row in trained]
    with open(os.path.join(arguments.results, "latency.csv"), "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(f"{sum('reason' not in row for row in rows)} of {len(rows)} networks have a latency")


if __name__ == "__main__":
    main()
