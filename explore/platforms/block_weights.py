"""Random weights with zero blocks of b x b channels, all taps, and the layouts in which kernels want them."""
import math

import numpy as np
import torch


def random_mask(product, block, ratio, seed):
    """Kept blocks [cout / b][cin / b]: exactly round(ratio * blocks) are zero, at least one is kept."""
    rows, cols = math.ceil(product.cout / block), math.ceil(product.cin / block)
    zeros = min(math.floor(ratio * rows * cols + 0.5), rows * cols - 1)
    mask = torch.ones(rows * cols, dtype=torch.bool)
    mask[torch.randperm(rows * cols, generator=torch.Generator().manual_seed(seed))[:zeros]] = False
    return mask.reshape(rows, cols)


def masked(weights, mask, block, product):
    """weights[cout, taps * cin] with the masked blocks zero."""
    spread = (
        mask.to(weights.device)
        .repeat_interleave(block, 0)[: product.cout]
        .repeat_interleave(block, 1)[:, : product.cin]
    )
    taps = product.kh * product.kw
    return weights * spread[:, None, :].expand(-1, taps, -1).reshape(product.cout, -1).to(weights.dtype)


def packed_columns(mask, block, product, step):
    """Per row of blocks the kept columns one after another, each row filled up to tiles of `step` columns.
    Returns columns [tiles, step], which of them are no filling, and the first tile of every row [rows + 1]."""
    columns, real, first = [], [], [0]
    taps = np.arange(product.kh * product.kw)[:, None] * product.cin
    for row in mask.numpy():
        index = (taps + np.flatnonzero(np.repeat(row, block)[: product.cin])[None, :]).reshape(-1)
        count = math.ceil(len(index) / step)
        # Filling starts at 0, 8, 16, ..., so that groups of 8 stay contiguous.
        filling = np.arange(count * step - len(index)) % product.depth
        columns += [index, filling]
        real += [np.ones(len(index), bool), np.zeros(len(filling), bool)]
        first.append(first[-1] + count)
    return np.concatenate(columns).reshape(-1, step), np.concatenate(real).reshape(-1, step), np.array(first)


def packed(weights, mask, block, product, step):
    """Tiles of weights [tiles, block, step], the columns of x they meet [tiles * step], first tile of every row."""
    columns, real, first = packed_columns(mask, block, product, step)
    rows = np.repeat(np.arange(len(first) - 1), np.diff(first))[:, None] * block + np.arange(block)
    columns, real, rows, first = (torch.from_numpy(a).to(weights.device) for a in (columns, real, rows, first))
    tiles = weights[rows.clamp(max=product.cout - 1)[:, :, None], columns[:, None, :]]
    tiles *= ((rows < product.cout)[:, :, None] & real[:, None, :]).to(weights.dtype)
    return tiles.contiguous(), columns.reshape(-1).int(), first.int()


def padded(weights, mask, block, product):
    """Weights and mask of whole blocks: channels filled up with zeros [rows * b, taps * cols * b]; mask."""
    taps, (rows, cols) = product.kh * product.kw, mask.shape
    full = torch.zeros(rows * block, taps, cols * block, dtype=weights.dtype, device=weights.device)
    full[: product.cout, :, : product.cin] = weights.reshape(product.cout, taps, product.cin)
    return full.reshape(rows * block, -1), mask.repeat(1, taps)
