#!/usr/bin/env python3
"""Times block-sparse products of the networks' convolutions on a GPU against dense ones.

    gpu.py NETWORK.json... --out gpu.csv [--batches 1 32] [--networks-for-libraries resnet50] [--minutes M]

A row per product, kernel, block and ratio: median, least and greatest time of repeated runs, the relative error against
the dense product with masked weights, or in `reason` why there is no time. The most telling rows come first, so that a
stop by --minutes leaves whole tables."""
import argparse
import csv
import math
import time

import torch
import triton

import contenders
from shapes import convolutions

COLUMNS = [
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
    "graph",
    "error",
    "config",
    "reason",
]


class Table:
    def __init__(self, path):
        self.file = open(path, "w", newline="", encoding="utf-8")
        self.writer = csv.DictWriter(self.file, COLUMNS, lineterminator="\n")
        self.writer.writeheader()
        self.rows = 0

    def add(self, case, **values):
        product = case.product
        row = {
            "cout": product.cout,
            "cin": product.cin,
            "kh": product.kh,
            "kw": product.kw,
            "height": product.height,
            "width": product.width,
            "batch": case.batch,
            "dtype": case.dtype,
            **values,
        }
        for key in ("median_us", "least_us", "greatest_us"):
            if key in row:
                row[key] = f"{row[key]:.3f}"
        if row.get("error") is not None:
            row["error"] = f"{row['error']:.2e}"
        self.writer.writerow(row)
        self.file.flush()
        self.rows += 1


def measure_dense(case, kernels, table):
    for kernel in kernels:
        table.add(case, kernel=kernel.__name__, ratio=0, zero_share=0, **contenders.timed(kernel, case))


def measure_sparse(case, kernels, blocks, ratios, table):
    for block in blocks:
        for ratio in ratios:
            case.prune(block, ratio)
            for kernel in kernels:
                table.add(
                    case,
                    kernel=kernel.__name__,
                    block=block,
                    ratio=ratio,
                    zero_share=round(case.zero_share, 4),
                    **contenders.timed(kernel, case),
                )


def plan(arguments, networks):
    """(product, batch, dtype, dense kernels, sparse kernels): the own kernel everywhere, libraries on the
    networks asked for; the greatest batch first."""
    every = dict.fromkeys(p for _, layers in networks for _, p in layers)
    chosen = dict.fromkeys(
        p for name, layers in networks for _, p in layers if name in arguments.networks_for_libraries
    )
    batches, passes = sorted(arguments.batches, reverse=True), []
    if arguments.reference:
        passes = [
            (chosen, batch, dtype, [contenders.sparse_2_4], []) for batch in batches for dtype in ("float16", "int8")
        ]
    else:
        for batch in batches:
            passes.append((every, batch, "float16", contenders.DENSE["float16"], [contenders.own_triton]))
            passes.append((chosen, batch, "float16", [], contenders.LIBRARIES["float16"]))
            passes.append((every, batch, "int8", contenders.DENSE["int8"], [contenders.own_triton]))
        passes.append((chosen, batches[0], "float32", contenders.DENSE["float32"], contenders.LIBRARIES["float32"]))
    for products, *rest in passes:
        for product in products:
            yield (product, *rest)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="+")
    parser.add_argument("--out", required=True)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--blocks", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--ratios", type=float, nargs="+", default=[0, 0.3, 0.5, 0.7, 0.9])
    parser.add_argument("--networks-for-libraries", nargs="*", default=["resnet50"])
    parser.add_argument("--reference", action="store_true", help="2:4 sparsity instead of blocks")
    parser.add_argument("--products", type=int, help="only the first few of every network")
    parser.add_argument("--minutes", type=float, default=math.inf)
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    print(
        torch.cuda.get_device_name(),
        "torch",
        torch.__version__,
        "CUDA",
        torch.version.cuda,
        "triton",
        triton.__version__,
        "cuSPARSE",
        contenders.cusparse_version(),
        flush=True,
    )
    networks = [convolutions(path) for path in arguments.networks]
    networks = [(name, layers[: arguments.products]) for name, layers in networks]
    table, left = Table(arguments.out), 0
    for product, batch, dtype, dense, sparse in plan(arguments, networks):
        if time.monotonic() > end:
            left += 1
            continue
        case = contenders.Case(product, batch, dtype)
        measure_dense(case, dense, table)
        if sparse and product.cin % 8 == 0:  # the first layer of a network stays dense
            measure_sparse(case, sparse, arguments.blocks, arguments.ratios, table)
    print(f"{table.rows} rows, {left} cases left for want of time", flush=True)


if __name__ == "__main__":
    main()
