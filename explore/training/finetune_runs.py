#!/usr/bin/env python3
"""Fine-tunes networks with masks held: those of `tessera prune`, or any .npz in its format.

    finetune.py CONFIG.json --out DIR [--schedule fine_tune] --run NAME SEED WEIGHTS.onnx[.gz] MASKS.npz [--run ...]
    finetune.py CONFIG.json --out DIR --runs RUNS.csv [--keep NAME ...]

MASKS is a file, or the folder of `tessera prune`. RUNS.csv has a run a line: run, seed, schedule, weights, masks and,
for the table of results alone, block, ratio, allocation, importance.

WEIGHTS are of a float file that `experiment.py` wrote. Rows, curves, masks and ONNX files go to DIR as those of
`experiment.py` do; a run that DIR already holds is skipped, and after --minutes none is started. A schedule with
`prune_epochs` zeroes the blocks in steps, the least ones by the sum of |w| first."""
import argparse
import csv
import itertools
import sys
import time

import torch

from experiment import Lab, gradual_ratio, measured, read_config
from masks import partly, read_masks
from member import train
from onnx_file import read_float

NEEDED = ["run", "seed", "schedule", "weights", "masks"]  # columns of RUNS.csv
SHOWN = ["block", "ratio", "allocation", "importance"]


def hold_part(member, masks, share):
    """Holds masks that leave out `share` of what these leave out."""
    weights = {node.name: node.weight for node in member.folded()}
    with torch.no_grad():
        member.flat.mask.fill_(1.0)
        member.hold({name: partly(mask, weights[name], share) for name, mask in masks.items()})


def fine_tune(lab, runs):
    """Runs of one schedule side by side: dictionaries of the columns of RUNS.csv."""
    schedule = lab.config["schedules"][runs[0]["schedule"]]
    steps = schedule["prune_epochs"]
    members, masks, one_shot = lab.members[: len(runs)], [], []
    for member, run in zip(members, runs):
        member.load_folded(read_float(run["weights"]))
        state = member.state()
        masks.append(read_masks(run["masks"], member.folded()))
        hold_part(member, masks[-1], 1)
        one_shot.append(measured(lab, member))
        if steps:
            member.load(state)
            hold_part(member, masks[-1], gradual_ratio(1, 0, steps))

    def on_epoch(epoch, losses):
        for member, run, loss in zip(members, runs, losses):
            if epoch % lab.config["evaluate_every"] == 0 or epoch == schedule["epochs"]:
                lab.curve(run["run"], epoch, loss, measured(lab, member))
        if epoch < steps:
            for member, held in zip(members, masks):
                hold_part(member, held, gradual_ratio(1, epoch, steps))

    train(members, [int(run["seed"]) for run in runs], schedule, on_epoch)
    for member, run, held, before in zip(members, runs, masks, one_shot):
        columns = {key: run[key] for key in ("block", "ratio", "allocation", "importance", "schedule")}
        columns.update({"seed": int(run["seed"]), "epochs": schedule["epochs"], "one_shot_top1": before})
        lab.finish(run["run"], member.folded(), columns, held)


def side_by_side(runs, count):
    """Groups of at most `count` neighbouring runs of one schedule."""
    for schedule, part in itertools.groupby(runs, lambda run: run["schedule"]):
        part = list(part)
        yield from (part[i : i + count] for i in range(0, len(part), count))


def read_runs(path):
    with open(path, encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        missing = [name for name in NEEDED if name not in (table.fieldnames or [])]
        if missing:
            sys.exit(f"{path}: column {', '.join(missing)} missing; legal: {', '.join(NEEDED + SHOWN)}")
        return [{**dict.fromkeys(SHOWN), **row} for row in table]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--out", required=True)
    parser.add_argument("--schedule", default="fine_tune")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--run", nargs=4, action="append", default=[], metavar=("NAME", "SEED", "WEIGHTS", "MASKS"))
    parser.add_argument("--runs")
    parser.add_argument("--keep", nargs="+", default=[], help="runs of --runs whose ONNX files are written")
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    config = read_config(arguments.config)
    runs = read_runs(arguments.runs) if arguments.runs else []
    for values in arguments.run:
        named = dict(zip(("run", "seed", "weights", "masks"), values))
        runs.append({**dict.fromkeys(SHOWN), "allocation": "file", **named, "schedule": arguments.schedule})
    unknown = sorted({run["schedule"] for run in runs} - set(config["schedules"]))
    if not runs or unknown:
        sys.exit(
            f"schedule {unknown[0]}: not among {', '.join(config['schedules'])}" if unknown else "no --run, no --runs"
        )
    config["keep"] += arguments.keep + [name for name, *_ in arguments.run]
    lab = Lab(config, arguments.out, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    waiting = [run for run in runs if run["run"] not in lab.rows]
    try:
        for group in side_by_side(waiting, len(lab.members)):
            if time.monotonic() < end:
                fine_tune(lab, group)
    except (OSError, ValueError) as problem:
        sys.exit(str(problem))
    lab.write_table()


if __name__ == "__main__":
    main()
