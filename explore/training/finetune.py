#!/usr/bin/env python3
"""Fine-tunes networks with masks held: those of `tessera prune`, or any .npz in its format.

    finetune.py CONFIG.json --out DIR [--schedule fine_tune] --run NAME SEED WEIGHTS.onnx[.gz] MASKS.npz [--run ...]

MASKS is a file, or the folder of `tessera prune`.

WEIGHTS are of a float file that `experiment.py` wrote. Rows, curves, masks and ONNX files go to DIR as those of
`experiment.py` do; a run that DIR already holds is skipped, and after --minutes none is started. A schedule with
`prune_epochs` zeroes the blocks in steps, the least ones by the sum of |w| first."""
import argparse
import sys
import time

import torch

from experiment import Lab, gradual_ratio, measured, read_config
from masks import partly, read_masks
from member import train
from onnx_file import read_float


def hold_part(member, masks, share):
    """Holds masks that leave out `share` of what these leave out."""
    weights = {node.name: node.weight for node in member.folded()}
    with torch.no_grad():
        member.flat.mask.fill_(1.0)
        member.hold({name: partly(mask, weights[name], share) for name, mask in masks.items()})


def fine_tune(lab, runs, schedule_name):
    """Some runs (name, seed, weights, masks) side by side."""
    schedule = lab.config["schedules"][schedule_name]
    steps = schedule["prune_epochs"]
    members, masks, one_shot = lab.members[: len(runs)], [], []
    for member, (_, _, weights, file) in zip(members, runs):
        member.load_folded(read_float(weights))
        state = member.state()
        masks.append(read_masks(file, member.folded()))
        hold_part(member, masks[-1], 1)
        one_shot.append(measured(lab, member))
        if steps:
            member.load(state)
            hold_part(member, masks[-1], gradual_ratio(1, 0, steps))

    def on_epoch(epoch, losses):
        for member, run, loss in zip(members, runs, losses):
            if epoch % lab.config["evaluate_every"] == 0 or epoch == schedule["epochs"]:
                lab.curve(run[0], epoch, loss, measured(lab, member))
        if epoch < steps:
            for member, held in zip(members, masks):
                hold_part(member, held, gradual_ratio(1, epoch, steps))

    train(members, [int(seed) for _, seed, _, _ in runs], schedule, on_epoch)
    for member, (name, seed, _, _), held, before in zip(members, runs, masks, one_shot):
        lab.finish(
            name,
            member.folded(),
            {
                "seed": int(seed),
                "allocation": "file",
                "schedule": schedule_name,
                "epochs": schedule["epochs"],
                "one_shot_top1": before,
            },
            held,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--out", required=True)
    parser.add_argument("--schedule", default="fine_tune")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--run", nargs=4, action="append", required=True, metavar=("NAME", "SEED", "WEIGHTS", "MASKS"))
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    config = read_config(arguments.config)
    if arguments.schedule not in config["schedules"]:
        sys.exit(f"--schedule {arguments.schedule}: not among {', '.join(config['schedules'])}")
    config["keep"] += [name for name, *_ in arguments.run]
    lab = Lab(config, arguments.out, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    runs = [run for run in arguments.run if run[0] not in lab.rows]
    try:
        for start in range(0, len(runs), len(lab.members)):
            if time.monotonic() < end:
                fine_tune(lab, runs[start : start + len(lab.members)], arguments.schedule)
    except (OSError, ValueError) as problem:
        sys.exit(str(problem))
    lab.write_table()


if __name__ == "__main__":
    main()
