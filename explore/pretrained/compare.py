#!/usr/bin/env python3
"""Blocks left out by importance against blocks left out by chance, of the networks that `fetch.py` made.

    compare.py MODELS OUT.csv --tessera PROGRAM [--image PHOTO] [--networks ...] [--ratios ...]

Per network, array, share of zero 8x8 blocks and importance (l1, l2, random): predicted latency, and the share of the
sum of |w| and of w * w that stays, mean over the masked layers. With --image also the PSNR in dB of what esrgan makes of
a photo that was halved, against the photo and against the dense network, in float; nothing is fine-tuned. Rows that
OUT.csv holds are not made again."""
import argparse
import csv
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "training"))
KEY = ["network", "hardware", "ratio", "importance"]
COLUMNS = KEY + ["dense_us", "sparse_us", "zero_share", "kept_l1", "kept_l2", "psnr", "psnr_to_dense"]
OPTIONS = {"recogniser": ["--dim", "p2o.DynamicDimension.0=1", "--dim", "p2o.DynamicDimension.1=320"]}
HARDWARE, RATIOS, IMPORTANCES = ["xdna1_1800mhz", "aie2"], ["0.25", "0.5", "0.75"], ["l1", "l2", "random"]
CORNERS = ((30, 180), (200, 100))  # of the parts of the photo: row, column
SIDE = 64  # pixels of each part


def call(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stderr}")


class Enlarged:
    """Parts of a photo, halved, through esrgan in float."""

    def __init__(self, model, photo):
        import torch
        from onnx_module import OnnxModule
        from PIL import Image

        self.torch, self.path, self.model = torch, model, OnnxModule
        pixels = np.asarray(Image.open(photo).convert("RGB"), np.float32)
        parts = [pixels[y : y + SIDE, x : x + SIDE] for y, x in CORNERS]
        self.wanted = np.stack(parts).transpose(0, 3, 1, 2)
        half = self.wanted.reshape(len(parts), 3, SIDE // 2, 2, SIDE // 2, 2).mean((3, 5))
        self.images = torch.from_numpy(np.rint(half))
        self.found = {}  # images by what chose the masks
        self.dense = self.made("dense", None)

    def made(self, name, masks):
        """`masks` of the same name are the same."""
        from hold import hold

        if name in self.found:
            return self.found[name]
        module = self.model(self.path).eval()
        if masks:
            hold(module, masks)
        with self.torch.no_grad():
            self.found[name] = module(self.images).numpy().clip(0, 255)
        return self.found[name]

    def psnr(self, image, wanted):
        return round(float(10 * np.log10(255**2 / ((image - wanted) ** 2).mean())), 3)


def kept(weights, masks):
    """Means over the masked layers of what stays of |w| and of w * w."""
    shares = []
    for name, mask in masks.items():
        if name.endswith(".block"):
            continue
        w = weights[name + ".weight"].astype(np.float64)
        if name + ".weight_scale" in weights:
            w *= weights[name + ".weight_scale"].reshape(-1, 1, 1, 1)
        stays = mask.astype(bool).repeat(8, 0)[: w.shape[0]].repeat(8, 1)[:, : w.shape[3]][:, None, None, :]
        shares.append([(f(w) * stays).sum() / f(w).sum() for f in (np.abs, np.square)])
    return [round(float(share), 5) for share in np.mean(shares, 0)]


def simulate(arguments, key, enlarged, folder):
    network, hardware, ratio, importance = key
    model, out = os.path.join(arguments.models, network + ".onnx"), os.path.join(folder, "_".join(key))
    weights, result = os.path.join(folder, network + ".npz"), os.path.join(folder, "result.json")
    options = OPTIONS.get(network, [])
    if not os.path.exists(weights):
        call(
            [
                arguments.tessera,
                "import",
                model,
                "--out",
                os.path.join(folder, "n.json"),
                "--weights",
                weights,
                *options,
            ]
        )
    command = [arguments.tessera, "run", model, "--hardware", hardware, "--json", result, "--out", out, *options]
    command += ["--set", "sparsity.block=[8,8]", "--set", f"sparsity.ratio={ratio}"]
    call(command + ["--set", f"sparsity.importance={importance}"])
    with open(result, encoding="utf-8") as file:
        found = json.load(file)
    (masks,) = glob.glob(os.path.join(out, "*", "masks.npz"))
    row = dict(zip(KEY, key))
    row.update(dense_us=found["dense"]["latency_us"], sparse_us=found["sparse"]["latency_us"])
    row["zero_share"] = found["sparsity"]["zero_share"]
    row["kept_l1"], row["kept_l2"] = kept(dict(np.load(weights)), dict(np.load(masks)))
    if network == "esrgan" and enlarged:
        image = enlarged.made((ratio, importance), masks)
        row.update(psnr=enlarged.psnr(image, enlarged.wanted), psnr_to_dense=enlarged.psnr(image, enlarged.dense))
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", metavar="MODELS")
    parser.add_argument("out", metavar="OUT.csv")
    parser.add_argument("--tessera", required=True)
    parser.add_argument("--image")
    parser.add_argument("--networks", nargs="+", default=["inception", "recogniser", "esrgan"])
    parser.add_argument("--ratios", nargs="+", default=RATIOS)
    arguments = parser.parse_args()
    rows = {}
    if os.path.exists(arguments.out):
        with open(arguments.out, encoding="utf-8", newline="") as file:
            rows = {tuple(row[key] for key in KEY): row for row in csv.DictReader(file)}
    keys = [(n, h, r, i) for n in arguments.networks for h in HARDWARE for r in arguments.ratios for i in IMPORTANCES]
    enlarged = None
    if arguments.image and "esrgan" in arguments.networks:
        enlarged = Enlarged(os.path.join(arguments.models, "esrgan.onnx"), arguments.image)
        print(f"dense esrgan: {enlarged.psnr(enlarged.dense, enlarged.wanted)} dB", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for key in keys:
            if key in rows:
                continue
            rows[key] = simulate(arguments, key, enlarged, folder)
            print(*rows[key].values(), flush=True)
            with open(arguments.out, "w", newline="", encoding="utf-8") as file:
                table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                table.writeheader()
                table.writerows(rows[k] for k in sorted(rows))


if __name__ == "__main__":
    main()
