#!/usr/bin/env python3
"""Trains a network, prunes blocks of its weights, fine-tunes it, and measures accuracy in float and in int8.

    experiment.py CONFIG.json --out DIR [--minutes M]

The JSON says everything: data, network, schedules, block sizes, ratios, seeds. Runs that DIR already holds are skipped,
a dense training that was stopped goes on from its last checkpoint; after --minutes no further run is started."""
import argparse
import csv
import json
import os
import sys
import time

import torch

import masks as block_masks
from dataset import Dataset
from integer import KINDS, IntegerNetwork
from member import Member, train
from onnx_file import write_float, write_integer
from resnet import compute, top1

KEYS = {
    "description",
    "network",
    "data",
    "augment",
    "batch",
    "momentum",
    "weight_decay",
    "label_smoothing",
    "seeds",
    "dense",
    "schedules",
    "prune",
    "evaluate_every",
    "checkpoint_every",
    "calibration_images",
    "keep",
}
COLUMNS = [
    "run",
    "seed",
    "block",
    "ratio",
    "allocation",
    "importance",
    "schedule",
    "epochs",
    "zero_share",
    "macs_kept",
    "one_shot_top1",
    "top1",
] + [kind + "_top1" for kind in KINDS]


def read_config(path):
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    problems = [f"{path}: {key}: unknown key" for key in sorted(set(config) - KEYS)]
    problems += [f"{path}: {key}: missing" for key in sorted(KEYS - {"description"} - set(config))]
    for i, spec in enumerate(config.get("prune", [])):
        if spec["schedule"] not in config.get("schedules", {}):
            problems.append(f"{path}: prune[{i}].schedule: '{spec['schedule']}' is not among the schedules")
        if spec["allocation"] not in ("uniform", "global"):
            problems.append(f"{path}: prune[{i}].allocation: '{spec['allocation']}'; legal: uniform, global")
        if spec["importance"] not in ("l1", "l2"):
            problems.append(f"{path}: prune[{i}].importance: '{spec['importance']}'; legal: l1, l2")
    if problems:
        sys.exit("\n".join(problems))
    return config


class Lab:
    """Data, members and the folder of results."""

    def __init__(self, config, folder, device):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self.config, self.folder, self.device = config, folder, device
        for name in ("state", "masks", "onnx"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        self.data = Dataset(config["data"], config["augment"]["shift"], device)
        self.members = [Member(config, self.data, device) for _ in config["seeds"]]
        if device.type == "cuda":
            for member in self.members:
                member.capture()
        self.macs = self.count_macs()
        self.rows = self.read_rows()

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def read_rows(self):
        if not os.path.exists(self.path("rows.jsonl")):
            return {}
        with open(self.path("rows.jsonl"), encoding="utf-8") as file:
            return {row["run"]: row for row in map(json.loads, file)}

    def count_macs(self):
        """Multiply-accumulates of each layer for one image."""
        nodes, sizes = self.members[0].folded(), {}
        with torch.no_grad():
            compute(nodes, self.data.test_images[:1], lambda name, value: sizes.update({name: value[0].numel()}))
        return {n.name: sizes[n.name] * n.weight[0].numel() for n in nodes if n.weight is not None}

    def curve(self, run, epoch, loss, accuracy):
        with open(self.path("curves.csv"), "a", encoding="utf-8") as file:
            if file.tell() == 0:
                file.write("run,epoch,loss,test_top1\n")
            file.write(f"{run},{epoch},{loss:.5f},{accuracy}\n")

    @torch.no_grad()
    def evaluate(self, nodes):
        """Top-1 in float and in int8 with every kind of scales; the integer networks by kind."""
        images = self.data.train_images(self.config["calibration_images"])
        integer = {kind: IntegerNetwork(nodes, images, kind) for kind in KINDS}
        row = {"top1": top1(lambda x: compute(nodes, x), self.data)}
        row.update({kind + "_top1": top1(network.logits, self.data) for kind, network in integer.items()})
        return row, integer

    @torch.no_grad()
    def finish(self, run, nodes, columns, masks):
        """Measures a trained network, keeps its row, its masks and, where the config says so, its ONNX files."""
        row, integer = self.evaluate(nodes)
        pruned = block_masks.prunable(nodes) + [node for node in nodes if node.op == "gemm" and node.name in masks]
        sizes = {node.name: node.weight.numel() for node in pruned}
        kept = sum(size * (masks[name].float().mean().item() if name in masks else 1) for name, size in sizes.items())
        row = {
            "run": run,
            **columns,
            "zero_share": round(1 - kept / sum(sizes.values()), 6) if masks else 0.0,
            "macs_kept": round(block_masks.kept_work(self.macs, masks), 6),
            **row,
        }
        if masks:
            block_masks.write_masks(self.path("masks", run + ".npz"), masks)
        if run in self.config["keep"]:
            side = self.data.side
            write_float(nodes, self.path("onnx", run + ".onnx.gz"), side)
            for kind, network in integer.items():
                write_integer(network, self.path("onnx", f"{run}_{kind}.onnx.gz"), side)
        with open(self.path("rows.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows[run] = row
        print(json.dumps(row), flush=True)

    def write_table(self):
        with open(self.path("accuracy.csv"), "w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(self.rows.values())


def measured(lab, member):
    """Test accuracy in the middle of a training."""
    with torch.no_grad():
        nodes = member.folded()
        return top1(lambda x: compute(nodes, x), lab.data)


def train_dense(lab):
    """The dense networks whose weights are missing, side by side; rows of those whose row is missing."""
    schedule, every, seeds = lab.config["dense"], lab.config["checkpoint_every"], lab.config["seeds"]
    weights = {seed: lab.path("state", f"dense_s{seed}.pt") for seed in seeds}
    waiting = [seed for seed in seeds if not os.path.exists(weights[seed])]
    members, checkpoint, first = lab.members[: len(waiting)], lab.path("state", "dense_checkpoint.pt"), 0
    for member, seed in zip(members, waiting):
        member.restart(seed)
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint)
        first = saved["epoch"]
        for member, (state, velocity) in zip(members, saved["members"]):
            member.load(state)
            member.flat.velocity.copy_(velocity)

    def on_epoch(epoch, losses):
        for member, seed, loss in zip(members, waiting, losses):
            if epoch % lab.config["evaluate_every"] == 0:
                lab.curve(f"dense_s{seed}", epoch, loss, measured(lab, member))
        if epoch % every == 0:
            torch.save(
                {"epoch": epoch, "members": [(m.state(), m.flat.velocity.cpu()) for m in members]}, checkpoint + ".part"
            )
            os.replace(checkpoint + ".part", checkpoint)

    if waiting:
        train(members, waiting, schedule, on_epoch, first)
    for member, seed in zip(members, waiting):
        torch.save(member.state(), weights[seed])
    if os.path.exists(checkpoint):
        os.remove(checkpoint)
    for seed in seeds:
        if f"dense_s{seed}" not in lab.rows:
            lab.members[0].load(torch.load(weights[seed]))
            lab.finish(
                f"dense_s{seed}",
                lab.members[0].folded(),
                {"seed": seed, "ratio": 0.0, "epochs": schedule["epochs"]},
                {},
            )


def masks_for(lab, nodes, job, ratio):
    block = (job["block"], job["block"])
    if job["allocation"] == "uniform":
        return block_masks.uniform_masks(nodes, block, ratio, job["importance"])
    return block_masks.global_masks(nodes, lab.macs, block, ratio, job["importance"], job["least_density"])


@torch.no_grad()
def prune(lab, member, job, ratio):
    """Chooses masks by the folded weights, zeroes and holds them; returns them."""
    masks = masks_for(lab, member.folded(), job, ratio)
    member.flat.mask.fill_(1.0)
    member.hold(masks)
    return masks


def gradual_ratio(ratio, epoch, epochs):
    """Rises with the cube law of Zhu and Gupta (2017); `ratio` from `epochs` on."""
    return ratio * (1 - (1 - (epoch + 1) / epochs) ** 3) if epoch < epochs else ratio


def run_job(lab, job, seeds):
    """One block size, ratio and schedule, all its seeds side by side."""
    schedule = lab.config["schedules"][job["schedule"]]
    members, found, one_shot = lab.members[: len(seeds)], {}, {}
    for member, seed in zip(members, seeds):
        member.load(torch.load(lab.path("state", f"dense_s{seed}.pt")))
        state = member.state()
        found[seed] = prune(lab, member, job, job["ratio"])
        one_shot[seed] = measured(lab, member)
        if schedule["prune_epochs"]:
            member.load(state)
            found[seed] = prune(lab, member, job, gradual_ratio(job["ratio"], 0, schedule["prune_epochs"]))

    def on_epoch(epoch, losses):
        for member, seed, loss in zip(members, seeds, losses):
            if epoch % lab.config["evaluate_every"] == 0 or epoch == schedule["epochs"]:
                lab.curve(name_of(job, seed), epoch, loss, measured(lab, member))
            if epoch < schedule["prune_epochs"]:
                found[seed] = prune(lab, member, job, gradual_ratio(job["ratio"], epoch, schedule["prune_epochs"]))

    train(members, seeds, schedule, on_epoch)
    for member, seed in zip(members, seeds):
        columns = {key: job[key] for key in ("block", "ratio", "allocation", "importance", "schedule")}
        lab.finish(
            name_of(job, seed),
            member.folded(),
            {"seed": seed, **columns, "epochs": schedule["epochs"], "one_shot_top1": one_shot[seed]},
            found[seed],
        )


def name_of(job, seed):
    side = job["block"]
    return f"{side}x{side}_{job['ratio']}_{job['allocation']}_{job['importance']}_{job['schedule']}_s{seed}"


def jobs(config):
    for spec in config["prune"]:
        for block in spec["blocks"]:
            for ratio in spec["ratios"]:
                yield {**spec, "block": block, "ratio": ratio}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    lab = Lab(read_config(arguments.config), arguments.out, device)
    train_dense(lab)
    left = 0
    for job in jobs(lab.config):
        seeds = [seed for seed in lab.config["seeds"] if name_of(job, seed) not in lab.rows]
        if seeds and time.monotonic() < end:
            run_job(lab, job, seeds)
        else:
            left += len(seeds)
    lab.write_table()
    print(f"{len(lab.rows)} runs done, {left} left")


if __name__ == "__main__":
    main()
