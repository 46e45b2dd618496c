#!/usr/bin/env python3
"""Gradients of a trained network for `tessera prune --importance fisher`: per weight the root of the mean square of the
gradient of the loss over small batches of training images, so that (weight x gradient)^2 estimates what removing the
weight adds to the loss.

    gradients.py CONFIG.json WEIGHTS.onnx[.gz] FILE.npz [--images 4096] [--batch 16]

WEIGHTS are of a float file that `experiment.py` wrote. FILE has `<layer>.weight` [cout, height, width, cin]."""
import argparse

import numpy as np
import torch
from torch.nn import functional as F

from dataset import Dataset
from experiment import read_config
from onnx_file import read_float
from resnet import ResNet, compute, fold, unfold


def root_mean_square(nodes, images, labels, batch):
    """By layer name, in the order of the weight tensors of PyTorch."""
    layers = [node for node in nodes if node.weight is not None]
    for node in layers:
        node.weight.requires_grad_(True)
    squares = [torch.zeros_like(node.weight) for node in layers]
    batches = len(images) // batch
    for i in range(batches):
        part = slice(i * batch, (i + 1) * batch)
        loss = F.cross_entropy(compute(nodes, images[part]), labels[part])
        for square, gradient in zip(squares, torch.autograd.grad(loss, [node.weight for node in layers])):
            square += gradient * gradient
    return {node.name: torch.sqrt(square / batches).detach() for node, square in zip(layers, squares)}


def channels_last(tensor):
    """[cout, height, width, cin], as `tessera` reads weights."""
    array = tensor.cpu().numpy()
    return array.transpose(0, 2, 3, 1) if array.ndim == 4 else array[:, None, None, :]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("weights")
    parser.add_argument("out")
    parser.add_argument("--images", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = Dataset(config["data"], config["augment"]["shift"], device)
    model = ResNet(**config["network"]).to(device)
    with torch.no_grad():
        unfold(model, read_float(arguments.weights), data.train_images(config["calibration_images"]))
    model.eval()
    images, labels = data.train_images(arguments.images), data.labels[: arguments.images]
    found = root_mean_square(fold(model), images, labels, arguments.batch)
    np.savez(arguments.out, **{name + ".weight": channels_last(value) for name, value in found.items()})


if __name__ == "__main__":
    main()
