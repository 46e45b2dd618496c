"""Holds the zero blocks of a mask file, or of the folder of `tessera prune`, in any PyTorch model.

    held = hold(model, "pruned/")     # before the optimizer is made; {layer of the masks: parameter of the model}
    ...                               # train as ever
    release(model)                    # plain parameters again, zero where the masks say

A masked weight is a product of a free parameter and its mask (torch.nn.utils.parametrize), so that no optimizer and no
loop needs to know."""
import json
import os
import zipfile

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize


class MaskError(ValueError):
    """All that is wrong with masks and model, a line each."""

    def __init__(self, problems):
        super().__init__("\n".join(problems))


class Held(nn.Module):
    def __init__(self, kept):
        super().__init__()
        self.register_buffer("kept", kept)

    def forward(self, weight):
        return torch.where(self.kept, weight, torch.zeros_like(weight))


def mask_file(path):
    return os.path.join(path, "masks.npz") if os.path.isdir(path) else path


def read(path):
    """{layer: (mask [rows of blocks][columns of blocks], (rows, columns) of a block)}"""
    file, default = mask_file(path), (8, 8)
    config = os.path.join(path, "config.json")
    if os.path.isdir(path) and os.path.exists(config):
        with open(config, encoding="utf-8") as stream:
            default = tuple(json.load(stream).get("sparsity", {}).get("block", default))
    try:
        arrays = dict(np.load(file))
    except FileNotFoundError as missing:
        raise MaskError(
            [f"{file}: no such file; legal: the folder that `tessera prune --out` wrote, or a mask file"]
        ) from missing
    except (ValueError, OSError, zipfile.BadZipFile, TypeError) as wrong:
        raise MaskError([f"{file}: not an .npz of masks: {wrong}"]) from wrong
    masks = {name: array for name, array in arrays.items() if not name.endswith(".block")}
    problems = [
        f"{file}: {name}: shape {list(a.shape)}; legal: [rows of blocks, columns of blocks]"
        for name, a in masks.items()
        if a.ndim != 2
    ]
    problems += [
        f"{file}: {name}: values other than 0 and 1" for name, a in masks.items() if not np.isin(a, (0, 1)).all()
    ]
    if not masks:
        problems.append(f"{file}: no masks")
    if problems:
        raise MaskError(problems)
    return {
        name: (array.astype(bool), tuple(int(side) for side in arrays.get(name + ".block", default)))
        for name, array in masks.items()
    }


def spread(mask, block, shape):
    """The mask over the elements of weights [output channels, input channels, ...]; None where it does not fit. Weights
    of a product that reads a flattened map, [output channels, input channels x pixels], lose all pixels of a channel."""
    rows, cols = shape[:2]
    pixels = 1
    if -(-cols // block[1]) != mask.shape[1] and len(shape) == 2 and cols % (mask.shape[1] * block[1]) == 0:
        pixels = cols // (mask.shape[1] * block[1])
    if (-(-rows // block[0]), -(-cols // (block[1] * pixels))) != mask.shape:
        return None
    kept = torch.from_numpy(mask).repeat_interleave(block[0], 0).repeat_interleave(block[1] * pixels, 1)
    return kept[:rows, :cols].reshape(rows, cols, *[1] * (len(shape) - 2)).expand(shape).clone()


def parameter_of(model, layer, names):
    """Where the weights of a layer are, and whether they are [input][output]: what `names` says, the `weight` of the
    module that is called as the layer, or what the model itself says (`weights_of_layer`)."""
    parameters = dict(model.named_parameters())
    if layer in names:
        return (names[layer], False) if names[layer] in parameters else None
    if layer + ".weight" in parameters:
        return layer + ".weight", isinstance(model.get_submodule(layer), nn.modules.conv._ConvTransposeNd)
    return model.weights_of_layer(layer) if hasattr(model, "weights_of_layer") else None


def hold(model, path, names=None):
    """`names`: {layer: name of the parameter} where they differ. Refuses a model that the masks are not for."""
    file, names, problems, found = mask_file(path), names or {}, [], {}
    masks, parameters = read(path), dict(model.named_parameters())
    problems += [
        f"{layer}: named, but {file} has no mask of it; there are {', '.join(masks)}"
        for layer in names
        if layer not in masks
    ]
    for layer, (mask, block) in masks.items():
        place = parameter_of(model, layer, names)
        if place is None:
            wanted = names.get(layer, layer + ".weight")
            weights = [name for name, value in parameters.items() if value.dim() > 1]
            problems.append(f"{file}: {layer}: the model has no parameter {wanted}; weights are {', '.join(weights)}")
            continue
        name, turned = place
        shape = list(parameters[name].shape)
        shape[:2] = reversed(shape[:2]) if turned else shape[:2]
        kept = spread(mask, block, shape) if len(shape) > 1 else None
        if kept is None:
            sides = " x ".join(map(str, shape[:2]))
            problems.append(
                f"{file}: {layer}: {mask.shape[0]} x {mask.shape[1]} blocks of {block[0]}x{block[1]} are not those of "
                f"{name} with {sides} channels"
            )
            continue
        found[layer] = (name, kept.transpose(0, 1) if turned else kept)
    if problems:
        raise MaskError(problems)
    for name, kept in found.values():
        module, _, own = name.rpartition(".")
        parametrize.register_parametrization(
            model.get_submodule(module), own, Held(kept.to(parameters[name].device)), unsafe=True
        )
    return {layer: name for layer, (name, _) in found.items()}


def release(model):
    for module in list(model.modules()):
        if parametrize.is_parametrized(module):
            for name in list(module.parametrizations):
                parametrize.remove_parametrizations(module, name, leave_parametrized=True)
