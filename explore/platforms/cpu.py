#!/usr/bin/env python3
"""Times block-sparse products of the networks' convolutions on a CPU: MKL's BSR product through PyTorch against the
dense products of oneDNN and MKL.

    cpu.py NETWORK.json... --layers NAME... --out cpu.csv [--threads 8] [--batches 1 4]"""
import argparse
import csv
import platform
import statistics
import time

import torch
from torch.nn import functional as F

from block_weights import masked, padded, random_mask
from shapes import convolutions

COLUMNS = [
    "network",
    "layer",
    "cout",
    "cin",
    "kh",
    "kw",
    "height",
    "width",
    "batch",
    "dtype",
    "kernel",
    "block",
    "ratio",
    "zero_share",
    "median_us",
    "least_us",
    "greatest_us",
    "runs",
    "error",
    "reason",
]


def measure(call, runs=9, least=0.01):
    """Median, least and greatest microseconds of a call; a run repeats it until `least` seconds are over."""
    call()
    start = time.perf_counter()
    call()
    count = max(1, min(50, round(least / (time.perf_counter() - start))))
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(count):
            call()
        times.append(1e6 * (time.perf_counter() - start) / count)
    return {"median_us": statistics.median(times), "least_us": min(times), "greatest_us": max(times), "runs": runs}


def timed(make, expected, limit):
    """Columns of a row; a wrong result is not timed. `make` returns the call, whose result is [cout, pixels]."""
    try:
        call = make()
        error = (torch.linalg.vector_norm(call().double() - expected) / torch.linalg.vector_norm(expected)).item()
        if not error <= limit:
            return {"error": f"{error:.1e}", "reason": "wrong result"}
        row = measure(call)
    except (RuntimeError, NotImplementedError, AttributeError) as problem:
        return {"reason": " ".join(f"{type(problem).__name__}: {problem}".split())[:160]}
    return {
        **{key: f"{value:.2f}" if key.endswith("_us") else value for key, value in row.items()},
        "error": f"{error:.1e}",
    }


def dense_rows(product, x, weights):
    """(dtype, kernel, row): the product in both orders of storage, and the convolution itself."""
    expected = weights.double() @ x.double()
    columns = x.t().contiguous()
    for dtype, limit in ((torch.float32, 1e-5), (torch.bfloat16, 1e-2)):
        w, a, b = weights.to(dtype), x.to(dtype), columns.to(dtype)
        name = str(dtype).split(".")[1]
        yield name, "dense", timed(lambda: lambda: w @ a, expected, limit)  # noqa: B023
        yield name, "dense, pixels first", timed(lambda: lambda: (b @ w.t()).t(), expected, limit)  # noqa: B023
    w8, b8 = (torch.randint(-127, 128, t.shape, dtype=torch.int8) for t in (weights, columns))
    yield "int8", "dense, pixels first", timed(
        lambda: lambda: torch._int_mm(b8, w8.t()).t(), w8.double() @ b8.double().t(), 0
    )
    side = (product.height * product.stride + product.kh - 1, product.width * product.stride + product.kw - 1)
    batch = x.shape[1] // (product.height * product.width)
    for dtype in (torch.float32, torch.bfloat16):
        images = torch.randn(batch, product.cin, *side).to(dtype).contiguous(memory_format=torch.channels_last)
        kernel = weights.to(dtype).reshape(product.cout, product.kh, product.kw, product.cin).permute(0, 3, 1, 2)
        row = measure(lambda: F.conv2d(images, kernel, stride=product.stride))  # noqa: B023
        yield str(dtype).split(".")[1], "oneDNN convolution", {
            key: f"{value:.2f}" if key.endswith("_us") else value for key, value in row.items()
        }


def sparse_rows(product, x, weights, block, ratio):
    mask = random_mask(product, block, ratio, seed=1)
    zero_share = 1 - mask.float().mean().item()
    kept = masked(weights, mask, block, product)

    def make():
        if product.cin % block:
            raise RuntimeError(f"{product.cin} input channels are no multiple of {block}")
        sparse = padded(kept, mask, block, product)[0].to_sparse_bsr((block, block))
        return lambda: (sparse @ x)[: product.cout]

    yield "float32", "MKL BSR", {
        "block": block,
        "ratio": ratio,
        "zero_share": round(zero_share, 4),
        **timed(make, kept.double() @ x.double(), 1e-5),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--layers", nargs="+", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--blocks", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--ratios", type=float, nargs="+", default=[0, 0.3, 0.5, 0.7, 0.9])
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next(
            (line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.processor()
        )
    print(model, f"{arguments.threads} threads", "torch", torch.__version__)
    print(torch.__config__.show(), flush=True)
    with open(arguments.out, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for path in arguments.networks:
            network, layers = convolutions(path)
            for layer, p in layers:
                if f"{network}/{layer}" not in arguments.layers:
                    continue
                for batch in arguments.batches:
                    common = {
                        "network": network,
                        "layer": layer,
                        "cout": p.cout,
                        "cin": p.cin,
                        "kh": p.kh,
                        "kw": p.kw,
                        "height": p.height,
                        "width": p.width,
                        "batch": batch,
                    }
                    x, weights = torch.randn(p.depth, batch * p.height * p.width), torch.randn(p.cout, p.depth)
                    rows = list(dense_rows(p, x, weights))
                    for block in arguments.blocks:
                        for ratio in arguments.ratios:
                            rows += sparse_rows(p, x, weights, block, ratio)
                    for dtype, kernel, row in rows:
                        table.writerow({**common, "dtype": dtype, "kernel": kernel, **row})
                    file.flush()


if __name__ == "__main__":
    main()
