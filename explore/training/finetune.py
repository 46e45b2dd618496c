#!/usr/bin/env python3
"""Trains a pruned network on, its zero blocks held.

    finetune.py pruned/ --images train.npz --out DIR
    finetune.py pruned/ --images train-images.gz --labels train-labels.gz --scale 255 --mean 0.286 --std 0.353 --out DIR
    finetune.py pruned/ --model net.py:build --weights net.pt --images train.npz --out DIR

The folder is that of `tessera prune`, which holds masks and an ONNX file; it is that file that is trained, by cross
entropy, unless --model names a PyTorch model of your own: FILE.py:NAME or MODULE:NAME, called without arguments. Then a
mask file will do in place of the folder. Modules are called as the layers of the masks (layer1.0.conv1); where they are
not, --names has the parameters: {"layer": "parameter", ...}.

DIR gets model.onnx (or, of --model, weights.pt and, where PyTorch can export it, model.onnx), masks.npz, curve.csv and
result.json. For a training loop of your own see hold.py."""
import argparse
import csv
import importlib
import importlib.util
import json
import os
import pickle
import shutil
import sys
import zipfile

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dataset import read_idx
from hold import hold, mask_file, release
from member import rate_at

WARMUP = 0.05  # share of the steps in which the rate rises


def array_of(path, key):
    """An array of an idx file, an .npy, or an .npz under `key`."""
    if not path.endswith((".npz", ".npy")):
        return read_idx(path)
    try:
        loaded = np.load(path)
    except (zipfile.BadZipFile, EOFError, ValueError) as wrong:
        raise ValueError(f"{path}: not a file of numpy: {wrong}") from wrong
    if path.endswith(".npy"):
        return loaded
    if key not in loaded:
        raise ValueError(f"{path}: no array '{key}'; there are {', '.join(loaded)}")
    return loaded[key]


def per_channel(text, option):
    try:
        return np.array([float(part) for part in text.split(",")], np.float32)
    except ValueError:
        raise ValueError(f"{option}: '{text}'; legal: a number, or one per channel with commas") from None


def read_set(images, labels, arguments):
    """Images [n][c][h][w] as float32, normalized, and labels."""
    x = array_of(images, "images")
    if labels is None and not images.endswith(".npz"):
        raise ValueError(f"{images}: no labels in it; give --labels (or an .npz with images and labels)")
    y = array_of(labels or images, "labels").astype(np.int64)
    if x.ndim == 3:
        x = x[:, None]
    if x.ndim != 4 or len(x) == 0 or y.ndim != 1 or len(x) != len(y):
        raise ValueError(
            f"{images}: images of shape {list(x.shape)} with labels of shape {list(y.shape)}; legal: [n][h][w] or "
            "[n][c][h][w], and a label each"
        )
    if x.shape[3] in (1, 3) and x.shape[1] not in (1, 3):
        x = x.transpose(0, 3, 1, 2)
    mean, std = (per_channel(getattr(arguments, key), "--" + key) for key in ("mean", "std"))
    for key, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, x.shape[1]):
            raise ValueError(f"--{key}: {len(values)} values for {x.shape[1]} channels")
    x = (x.astype(np.float32) / arguments.scale - mean[:, None, None]) / std[:, None, None]
    return torch.from_numpy(np.ascontiguousarray(x, np.float32)), torch.from_numpy(y)


def own_model(name):
    """What FILE.py:NAME or MODULE:NAME makes."""
    where, _, what = name.rpartition(":")
    if not where:
        raise ValueError(f"--model: '{name}'; legal: FILE.py:NAME or MODULE:NAME")
    try:
        if where.endswith(".py"):
            spec = importlib.util.spec_from_file_location("model_of_user", where)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            module = importlib.import_module(where)
        model = getattr(module, what)()
    except (OSError, ImportError, AttributeError, TypeError) as wrong:
        raise ValueError(f"--model {name}: {wrong}") from wrong
    if not isinstance(model, nn.Module):
        raise ValueError(f"--model {name}: makes a {type(model).__name__}; legal: a torch.nn.Module")
    return model


def load_state(model, path):
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as wrong:
        raise ValueError(f"{path}: not a state dictionary: {wrong}") from wrong
    state = state.get("state_dict", state)
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    problems = [
        f"{path}: {name}: shape {list(value.shape)}; the model has {shapes[name]}"
        for name, value in state.items()
        if name in shapes and list(value.shape) != shapes[name]
    ]
    if problems:
        raise ValueError("\n".join(problems))
    wrong = model.load_state_dict(state, strict=False)
    problems = [f"{path}: {name}: missing" for name in wrong.missing_keys]
    problems += [f"{path}: {name}: the model has no such tensor" for name in wrong.unexpected_keys]
    if problems:
        raise ValueError("\n".join(problems))


def file_of(folder):
    for name in ("model.onnx", "model.onnx.gz"):
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise ValueError(
        f"{folder}: no model.onnx in it; legal: the folder of `tessera prune`, or --model beside a mask file"
    )


def model_of(arguments):
    if arguments.model is None:
        if arguments.weights or arguments.names:
            raise ValueError("--weights, --names: for a --model alone")
        from onnx_module import OnnxModule  # the only part that needs the package onnx

        return OnnxModule(file_of(arguments.pruned))
    model = own_model(arguments.model)
    if arguments.weights:
        load_state(model, arguments.weights)
    return model


@torch.no_grad()
def top1(model, images, labels, batch):
    model.eval()
    right = sum(
        (model(images[i : i + batch]).argmax(1) == labels[i : i + batch]).sum().item()
        for i in range(0, len(images), batch)
    )
    return round(100 * right / len(images), 4)


def first_scores(model, images, labels):
    """Refuses, before anything is trained, images and labels that are not the model's."""
    model.eval()
    try:
        with torch.no_grad():
            scores = model(images[:1])
    except RuntimeError as wrong:
        raise ValueError(f"images of {list(images.shape[1:])} are not the model's: {wrong}") from wrong
    if scores.dim() != 2 or not 0 <= labels.min() <= labels.max() < scores.shape[1]:
        raise ValueError(
            f"labels from {labels.min()} to {labels.max()}, but the model makes scores of shape "
            f"{list(scores.shape[1:])}"
        )


def train(model, train_set, test_set, arguments, curve):
    """Stochastic gradient descent with Nesterov's momentum; the rate rises, then falls as half a cosine."""
    images, labels = train_set
    batch, order = min(arguments.batch, len(images)), torch.Generator().manual_seed(arguments.seed)
    steps, step = arguments.epochs * (len(images) // batch), 0
    optimizer = torch.optim.SGD(
        model.parameters(), lr=arguments.rate, momentum=0.9, nesterov=True, weight_decay=arguments.weight_decay
    )
    for epoch in range(arguments.epochs):
        model.train()
        losses, drawn = [], torch.randperm(len(images), generator=order)
        for i in range(len(images) // batch):
            part = drawn[i * batch : (i + 1) * batch].to(images.device)
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step, steps, arguments.rate, WARMUP)
            loss = F.cross_entropy(model(images[part]), labels[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            step += 1
        accuracy = top1(model, *test_set, batch)
        curve.writerow([epoch + 1, round(sum(losses) / len(losses), 5), accuracy])
        print(
            f"epoch {epoch + 1} of {arguments.epochs}: loss {sum(losses) / len(losses):.4f}, top-1 {accuracy:.2f} %",
            flush=True,
        )
    return accuracy


def write_own(model, image, folder):
    """weights.pt, and model.onnx where the exporter of PyTorch makes one."""
    torch.save(model.state_dict(), os.path.join(folder, "weights.pt"))
    model.eval()
    try:
        torch.onnx.export(
            model, image, os.path.join(folder, "model.onnx"), input_names=["x"], output_names=["y"], opset_version=13
        )
    except Exception as wrong:  # the exporter raises what it likes; the weights are written
        print(f"no model.onnx: {type(wrong).__name__}: {wrong}", file=sys.stderr)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pruned", help="folder of `tessera prune`, or an .npz of masks")
    parser.add_argument("--images", required=True, help="to train on: idx, .npy or .npz with `images`, idx also gzip")
    parser.add_argument("--labels", help="idx, .npy or .npz with `labels`; default: the .npz of the images")
    parser.add_argument("--test-images", help="accuracy is measured on these; default: on those of training")
    parser.add_argument("--test-labels", help="as --labels")
    parser.add_argument("--scale", type=float, default=1.0, help="input = (stored / scale - mean) / std; default 1")
    parser.add_argument("--mean", default="0", help="one number, or one per channel with commas; default 0")
    parser.add_argument("--std", default="1", help="as --mean; default 1")
    parser.add_argument("--model", help="FILE.py:NAME or MODULE:NAME; default: the ONNX file of the folder")
    parser.add_argument("--weights", help="state dictionary of --model, as torch.save writes it")
    parser.add_argument("--names", help="JSON: {layer of the masks: parameter of --model}")
    parser.add_argument("--out", required=True, help="folder for what comes out")
    parser.add_argument("--epochs", type=int, default=20, help="default 20")
    parser.add_argument("--batch", type=int, default=128, help="default 128")
    parser.add_argument("--rate", type=float, default=0.01, help="greatest learning rate; default 0.01")
    parser.add_argument("--weight-decay", type=float, default=5e-4, help="default 0.0005")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the order of the images, and of a model without --weights; default 1"
    )
    return parser.parse_args()


def run(arguments):
    for key in ("epochs", "batch", "rate", "scale"):
        if getattr(arguments, key) <= 0:
            raise ValueError(f"--{key}: {getattr(arguments, key)}; legal: above 0")
    names = {}
    if arguments.names:
        with open(arguments.names, encoding="utf-8") as file:
            names = json.load(file)
    torch.manual_seed(arguments.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model_of(arguments).to(device)
    broken = [name for name, value in model.state_dict().items() if not torch.isfinite(value.float()).all()]
    if broken:
        raise ValueError(f"weights that are no numbers: {', '.join(broken)}")
    held = hold(model, arguments.pruned, names)
    train_set = [part.to(device) for part in read_set(arguments.images, arguments.labels, arguments)]
    test_set = train_set
    if arguments.test_images:
        test_set = [part.to(device) for part in read_set(arguments.test_images, arguments.test_labels, arguments)]
    for images, labels in (train_set, test_set):
        first_scores(model, images, labels)
    os.makedirs(arguments.out, exist_ok=True)
    before = top1(model, *test_set, arguments.batch)
    with open(os.path.join(arguments.out, "curve.csv"), "w", newline="", encoding="utf-8") as file:
        curve = csv.writer(file, lineterminator="\n")
        curve.writerow(["epoch", "loss", "top1"])
        after = train(model, train_set, test_set, arguments, curve)
    release(model)
    if arguments.model is None:
        model.write(os.path.join(arguments.out, os.path.basename(model.path)))
    else:
        write_own(model, train_set[0][:1], arguments.out)
    shutil.copyfile(mask_file(arguments.pruned), os.path.join(arguments.out, "masks.npz"))
    result = {
        "top1_before": before,
        "top1": after,
        "measured_on": arguments.test_images or arguments.images,
        "held": held,
    }
    with open(os.path.join(arguments.out, "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    print(
        f"top-1 {before:.2f} % before, {after:.2f} % after; zero blocks of {len(held)} layers held; in {arguments.out}"
    )


def main():
    arguments = options()
    try:
        run(arguments)
    except (OSError, ValueError) as problem:
        for line in str(problem).splitlines():
            print("error: " + line, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
