#!/usr/bin/env python3
"""Masks by `tessera prune` that take as long as the same share of zero blocks in every layer.

    equal_latency.py DIR --experiment results/accuracy --gradients g1.npz g2.npz g3.npz --tessera PROGRAM

Per array, ratio and seed: the predicted latency under the uniform 8x8 mask of an experiment is the budget of `tessera
prune`, from the dense weights of that seed. DIR gets masks/, runs.csv for `finetune_runs.py --runs`, and kept.csv: run,
budget and latency in us, importance kept in % and what a uniform share of the same latency keeps."""
import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile

from finetune_runs import NEEDED, SHOWN
from latency import simulate

RUN = ["run", "seed", *SHOWN, "schedule", "weights", "masks"]
assert set(RUN) == set(NEEDED + SHOWN)
KEPT = ["run", "budget_us", "latency_us", "kept", "uniform_kept"]
STEPPED = (("4x4", "0.75"), ("4x4", "0.9"))  # array and ratio of masks that are also held in steps


def variants(array, ratio):
    """(how masks are chosen, importance, further options of prune): without a least density of layers, and with half of
    the density that the uniform network has."""
    floor = ["--min-density", f"{(1 - float(ratio)) / 2:g}"]
    for importance in ("l1", "fisher"):
        yield f"prune_{array}", importance, []
        yield f"prune_{array}_floor", importance, floor


class Maker:
    def __init__(self, arguments, folder):
        self.arguments, self.folder = arguments, folder
        self.runs, self.kept = [], []
        os.makedirs(os.path.join(arguments.results, "masks"), exist_ok=True)

    def weights(self, seed):
        return os.path.join(self.arguments.experiment, "weights", f"dense_s{seed}.onnx.gz")

    def add(self, run, seed, ratio, allocation, importance, schedule, masks):
        row = {"run": run, "seed": seed, "block": 8, "ratio": ratio, "allocation": allocation}
        row.update(importance=importance, schedule=schedule, weights=self.weights(seed), masks=masks)
        self.runs.append(row)

    def uniform(self, ratio, seed, schedules):
        """Name of the experiment's run, whose mask is copied."""
        name = f"8x8_{ratio}_uniform_l1_fine_tune_s{seed}"
        masks = os.path.join(self.arguments.results, "masks", name + ".npz")
        shutil.copyfile(os.path.join(self.arguments.experiment, "masks", name + ".npz"), masks)
        for schedule in schedules:
            self.add(f"8x8_{ratio}_uniform_l1_{schedule}_s{seed}", seed, ratio, "uniform", "l1", schedule, masks)
        return name

    def budget(self, array, name):
        row = simulate(self.arguments, array, {"run": name, "block": 8}, self.folder)
        if "latency_us" not in row:
            sys.exit(f"{name} on {array}: {row['reason']}")
        return row["latency_us"]

    def prune(self, array, ratio, seed, budget, variant):
        """Runs `tessera prune` for a budget, keeps its masks and its figures; those no mask meets are told."""
        allocation, importance, options = variant
        run, out = f"8x8_{ratio}_{allocation}_{importance}", os.path.join(self.folder, "pruned")
        rows, cols = array.split("x")
        command = [self.arguments.tessera, "prune", self.weights(seed), "--dim", "n=1", "--spare", "fc", "--out", out]
        command += ["--hardware", self.arguments.hardware, "--latency-us", str(budget), "--importance", importance]
        command += ["--set", f"hardware.rows={rows}", "--set", f"hardware.cols={cols}", *options]
        if importance == "fisher":
            command += ["--gradients", self.arguments.gradients[seed - 1]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{run}_s{seed}: {done.stderr.strip()}", file=sys.stderr)
            return
        name = f"{run}_fine_tune_s{seed}"
        masks = os.path.join(self.arguments.results, "masks", name + ".npz")
        shutil.copyfile(os.path.join(out, "masks.npz"), masks)
        with open(os.path.join(out, "result.json"), encoding="utf-8") as file:
            found = json.load(file)
        shares = [round(100 * found[key], 2) for key in ("importance_kept", "uniform_importance_kept")]
        self.kept.append(dict(zip(KEPT, (name, budget, found["pruned"]["latency_us"], *shares))))
        stepped = (array, ratio) in STEPPED and importance == "l1" and not options
        for schedule in ["fine_tune"] + ["gradual"] * stepped:
            self.add(f"{run}_{schedule}_s{seed}", seed, ratio, allocation, importance, schedule, masks)


def write(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", metavar="DIR")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--gradients", nargs="+", required=True, help="of gradients.py, one per seed from 1")
    parser.add_argument("--tessera", required=True)
    parser.add_argument("--hardware", default="aie2")
    parser.add_argument("--arrays", nargs="+", default=["2x2", "4x4"])
    parser.add_argument("--ratios", nargs="+", default=["0.25", "0.5", "0.625", "0.75", "0.9"])
    arguments = parser.parse_args()
    seeds = range(1, len(arguments.gradients) + 1)
    arguments.model = os.path.join(arguments.experiment, "weights", "dense_s1.onnx.gz")  # masks decide latency
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(arguments, folder)
        for ratio in arguments.ratios:
            stepped = any(ratio == other for _, other in STEPPED)
            names = {seed: maker.uniform(ratio, seed, ["fine_tune"] + ["gradual"] * stepped) for seed in seeds}
            for array in arguments.arrays:
                budgets = {seed: maker.budget(array, names[seed]) for seed in seeds}
                for variant in variants(array, ratio):
                    for seed in seeds:
                        maker.prune(array, ratio, seed, budgets[seed], variant)
    maker.runs.sort(key=lambda run: run["schedule"])  # finetune.py trains neighbours of one schedule side by side
    write(os.path.join(arguments.results, "runs.csv"), RUN, maker.runs)
    write(os.path.join(arguments.results, "kept.csv"), KEPT, maker.kept)


if __name__ == "__main__":
    main()
