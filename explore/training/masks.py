"""Block masks of convolutions: which blocks of bc x bi channels, all taps, are kept. In .npz files as `tessera` reads
them: per layer a Boolean array [ceil(cout / bc)][ceil(cin / bi)]."""
import os

import numpy as np
import torch
from torch.nn import functional as F


def prunable(nodes):
    """Convolutions but the first, whose input is the image."""
    return [node for node in nodes if node.op == "conv" and node.inputs[0] != "x"]


def block_importance(weight, block, norm):
    """Sum of |w| (l1) or of w * w (l2) per block."""
    values = (weight.abs() if norm == "l1" else weight * weight).reshape(*weight.shape[:2], -1).sum(2)
    rows, cols = (-size % side for size, side in zip(values.shape, block))
    values = F.pad(values, (0, cols, 0, rows))
    return values.reshape(values.shape[0] // block[0], block[0], values.shape[1] // block[1], block[1]).sum((1, 3))


def zero_blocks(ratio, blocks):
    """Rounded half up; a layer keeps at least one block."""
    return min(int(np.floor(ratio * blocks + 0.5)), blocks - 1)


def without_least(importance, zeros):
    mask = torch.ones(importance.numel(), dtype=torch.bool)
    mask[importance.flatten().cpu().argsort(stable=True)[:zeros]] = False
    return mask.reshape(importance.shape)


def uniform_masks(nodes, block, ratio, norm):
    """The same share of zero blocks in every layer."""
    scores = {node.name: block_importance(node.weight, block, norm) for node in prunable(nodes)}
    return {name: without_least(score, zero_blocks(ratio, score.numel())) for name, score in scores.items()}


def global_masks(nodes, macs, block, ratio, norm, least_density):
    """The share of zero blocks per layer is free. Blocks go in the order of importance (as a share
    of the layer's) per multiply-accumulate until `ratio` of the work is gone; a layer keeps `least_density` of them."""
    scores = {node.name: block_importance(node.weight, block, norm).cpu() for node in prunable(nodes)}
    total = sum(macs[name] for name in scores)
    candidates = []
    for name, score in scores.items():
        cost = macs[name] / score.numel()
        removable = min(int(score.numel() * (1 - least_density)), score.numel() - 1)
        order = score.flatten().argsort(stable=True)[:removable].tolist()
        share = (score / score.sum()).flatten().tolist()
        candidates += [(share[i] / cost, name, cost) for i in order]
    zeros, removed = {name: 0 for name in scores}, 0.0
    for _, name, cost in sorted(candidates):
        if removed + cost / 2 > ratio * total:
            break
        zeros[name] += 1
        removed += cost
    return {name: without_least(score, zeros[name]) for name, score in scores.items()}


def block_side(size, blocks):
    """The smallest power of two that cuts `size` channels into that many blocks."""
    side = 1
    while -(-size // side) > blocks:
        side *= 2
    return side


def elementwise(mask, weight):
    """The mask spread over the elements of a weight tensor, of a convolution or a classifier."""
    sides = [block_side(size, blocks) for size, blocks in zip(weight.shape, mask.shape)]
    spread = mask.to(weight.device).repeat_interleave(sides[0], 0).repeat_interleave(sides[1], 1)
    spread = spread[: weight.shape[0], : weight.shape[1]]
    return spread.reshape(*spread.shape, *[1] * (weight.dim() - 2)).expand_as(weight)


def partly(mask, weight, share):
    """Leaves out that share of the blocks that the mask leaves out, the least by the sum of |w| first."""
    sides = [block_side(size, blocks) for size, blocks in zip(weight.shape, mask.shape)]
    importance = block_importance(weight, sides, "l1").cpu()
    importance[mask] = float("inf")
    return without_least(importance, int(np.floor(share * (~mask).sum().item() + 0.5)))


def kept_work(macs, masks):
    """Multiply-accumulates kept / dense, over the whole network; the first layer and the classifier are dense."""
    kept = sum(count * (masks[name].float().mean().item() if name in masks else 1.0) for name, count in macs.items())
    return kept / sum(macs.values())


def write_masks(path, masks):
    np.savez(path, **{name: mask.cpu().numpy().astype(bool) for name, mask in masks.items()})


def read_masks(path, nodes):
    """Masks of a file, or of the folder that `tessera prune` wrote, checked against the network they are for; every
    layer in blocks of its own size."""
    if os.path.isdir(path):
        path = os.path.join(path, "masks.npz")
    layers = {node.name: node for node in nodes if node.weight is not None}
    masks, problems = {}, []
    for name, array in np.load(path).items():
        if name.endswith(".block") and name[: -len(".block")] in layers:
            continue  # follows from the shapes
        if name not in layers:
            problems.append(f"{path}: {name}: no layer with weights has this name; there are {', '.join(layers)}")
            continue
        size = tuple(layers[name].weight.shape[:2])
        if array.ndim != 2 or any(-(-s // block_side(s, n)) != n for s, n in zip(size, array.shape)):
            problems.append(
                f"{path}: {name}: shape {array.shape} does not cut {size[0]} x {size[1]} channels into blocks"
            )
            continue
        masks[name] = torch.from_numpy(array.astype(bool))
    if problems:
        raise ValueError("\n".join(problems))
    return masks
