#!/usr/bin/env python3
"""Fine-tunes networks with masks held: those of `tessera prune`, or any .npz in its format.

    finetune.py CONFIG.json --out DIR [--schedule fine_tune] --run NAME SEED WEIGHTS.onnx[.gz] MASKS.npz [--run ...]

WEIGHTS are of a float file that `experiment.py` wrote. Rows, curves, masks and ONNX files go to DIR as those of
`experiment.py` do; a run that DIR already holds is skipped."""
import argparse
import sys

import torch

from experiment import Lab, measured, read_config
from masks import read_masks
from member import train
from onnx_file import read_float


def fine_tune(lab, runs, schedule_name):
    """Some runs (name, seed, weights, masks) side by side."""
    schedule = lab.config["schedules"][schedule_name]
    members, masks, one_shot = lab.members[: len(runs)], [], []
    for member, (_, _, weights, file) in zip(members, runs):
        member.load_folded(read_float(weights))
        masks.append(read_masks(file, member.folded()))
        with torch.no_grad():
            member.hold(masks[-1])
        one_shot.append(measured(lab, member))

    def on_epoch(epoch, losses):
        for member, run, loss in zip(members, runs, losses):
            if epoch % lab.config["evaluate_every"] == 0 or epoch == schedule["epochs"]:
                lab.curve(run[0], epoch, loss, measured(lab, member))

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
    parser.add_argument("--run", nargs=4, action="append", required=True, metavar=("NAME", "SEED", "WEIGHTS", "MASKS"))
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    if arguments.schedule not in config["schedules"]:
        sys.exit(f"--schedule {arguments.schedule}: not among {', '.join(config['schedules'])}")
    config["keep"] += [name for name, *_ in arguments.run]
    lab = Lab(config, arguments.out, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    runs = [run for run in arguments.run if run[0] not in lab.rows]
    try:
        for start in range(0, len(runs), len(lab.members)):
            fine_tune(lab, runs[start : start + len(lab.members)], arguments.schedule)
    except (OSError, ValueError) as problem:
        sys.exit(str(problem))
    lab.write_table()


if __name__ == "__main__":
    main()
