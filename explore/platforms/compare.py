#!/usr/bin/env python3
"""Sets measured speed-ups of block-sparse networks beside predicted ones: a table and a figure.

    compare.py RESULTS --networks NETWORK.json... --predicted TABLE.csv --rows R --cols C

RESULTS holds gpu.csv, gpu_2_4.csv (--reference) and cpu.csv as `gpu.py` and `cpu.py` write them and gets
comparison.csv, cpu_products.csv and the figures; TABLE.csv is a table of
`tessera sweep` with the axes network, sparsity.block and sparsity.ratio.

The time of a network is the sum over its convolutions; the first layer is dense everywhere. The speed-up is against the
fastest dense product of the same type: of cuBLAS, and in float16 also of cuDNN, which needs no matrix of columns."""
import argparse
import csv
import os
import sys
from collections import defaultdict

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "plot"))
import style  # noqa: E402
from shapes import convolutions  # noqa: E402

SPARSE = {
    "own_triton": "own kernel (Triton)",
    "torch_bsr": "PyTorch BSR (Triton)",
    "cusparse_blocked_ell": "cuSPARSE Blocked-ELL",
    "cusparse_bsr": "cuSPARSE BSR",
}
COLUMNS = [
    "network",
    "platform",
    "dtype",
    "batch",
    "kernel",
    "block",
    "ratio",
    "dense_us",
    "sparse_us",
    "speedup",
    "speedup_least",
    "speedup_greatest",
    "reason",
]


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def key_of(row):
    return tuple(int(row[k]) for k in ("cout", "cin", "kh", "kw", "height", "width"))


def shape_of(product):
    return (product.cout, product.cin, product.kh, product.kw, product.height, product.width)


class Measured:
    """Times of products by (shape, batch, dtype, kernel, block, ratio): (median, least, greatest) or a reason."""

    def __init__(self, *paths):
        self.cells = {}
        for row in (row for path in paths for row in read(path)):
            block, ratio = (row["block"] and int(row["block"])), float(row["ratio"])
            times = tuple(float(row[k]) for k in ("median_us", "least_us", "greatest_us")) if row["median_us"] else None
            self.cells[(key_of(row), int(row["batch"]), row["dtype"], row["kernel"], block, ratio)] = (
                times or row["reason"]
            )

    def total(self, layers, batch, dtype, kernel, block, ratio, first):
        """Sums over the layers, `first` for the first of them, or why there is none."""
        sums = list(first)
        for _, product in layers[1:]:
            cell = self.cells.get((shape_of(product), batch, dtype, kernel, block, ratio), "not measured")
            if isinstance(cell, str):
                return cell
            sums = [a + b for a, b in zip(sums, cell)]
        return tuple(sums)

    def axes(self, kernel):
        return sorted(
            {(batch, dtype, block, ratio) for _, batch, dtype, name, block, ratio in self.cells if name == kernel}
        )


def first_layer(measured, layers, batch):
    """cuBLAS has no int8 product of its odd depth, so that it is float16 in all types."""
    return measured.cells[(shape_of(layers[0][1]), batch, "float16", "cublas", "", 0.0)]


def dense_total(measured, layers, batch, dtype, first):
    """The faster of the dense kernels over the whole network."""
    totals = {kernel: measured.total(layers, batch, dtype, kernel, "", 0.0, first) for kernel in ("cublas", "cudnn")}
    return min((total for total in totals.values() if not isinstance(total, str)), default=totals["cublas"])


def gpu_rows(measured, name, layers):
    for kernel in SPARSE:
        for batch, dtype, block, ratio in measured.axes(kernel):
            first = (0.0, 0.0, 0.0) if dtype == "float32" else first_layer(measured, layers, batch)
            dense = dense_total(measured, layers, batch, dtype, first)
            sparse = measured.total(layers, batch, dtype, kernel, block, ratio, first)
            row = {
                "network": name,
                "platform": "H200",
                "dtype": dtype,
                "batch": batch,
                "kernel": kernel,
                "block": block,
                "ratio": ratio,
            }
            if isinstance(dense, str) or isinstance(sparse, str):
                if sparse != "not measured" and dense != "not measured":
                    yield {**row, "reason": sparse if isinstance(sparse, str) else dense}
                continue
            yield {
                **row,
                "dense_us": f"{dense[0]:.1f}",
                "sparse_us": f"{sparse[0]:.1f}",
                "speedup": f"{dense[0] / sparse[0]:.3f}",
                "speedup_least": f"{dense[1] / sparse[2]:.3f}",
                "speedup_greatest": f"{dense[2] / sparse[1]:.3f}",
            }


def two_four_rows(measured, name, layers):
    """2:4: half of the weights zero, in hardware; over those layers for which it was measured."""
    for batch, dtype, _, ratio in measured.axes("sparse_2_4"):
        cells = [
            [
                measured.cells.get((shape_of(product), batch, dtype, kernel, "", 0.0), "not measured")
                for kernel in ("sparse_2_4", "cublas")
            ]
            for _, product in layers[1:]
        ]
        both = [(a[0], b[0]) for a, b in cells if not isinstance(a, str) and not isinstance(b, str)]
        if both:
            sparse, dense = (sum(times) for times in zip(*both))
            yield {
                "network": name,
                "platform": "H200",
                "dtype": dtype,
                "batch": batch,
                "kernel": "cuSPARSELt 2:4",
                "block": "",
                "ratio": 0.5,
                "dense_us": f"{dense:.1f}",
                "sparse_us": f"{sparse:.1f}",
                "speedup": f"{dense / sparse:.3f}",
                "reason": f"over {len(both)} of {len(layers) - 1} layers; the others were not measured",
            }


def predicted_rows(path, rows, cols, ratios):
    for row in read(path):
        sides = row["sparsity.block"].split("x")
        if (row["rows"], row["cols"]) != (str(rows), str(cols)) or sides[0] != sides[1] or row["status"] != "done":
            continue
        if float(row["sparsity.ratio"]) in ratios or row["sparsity.ratio"] == "0.0":
            yield {
                "network": row["network_name"],
                "platform": f"AIE2 {rows}x{cols}, predicted",
                "dtype": "int8",
                "batch": 1,
                "kernel": "tessera",
                "block": int(sides[0]),
                "ratio": float(row["sparsity.ratio"]),
                "dense_us": row["dense_latency_us"],
                "sparse_us": row["latency_us"],
                "speedup": f"{float(row['speedup']):.3f}",
            }


def cpu_rows(path):
    """Per product: MKL's BSR against the fastest dense float32 and bfloat16 of oneDNN and MKL."""
    groups = defaultdict(list)
    for row in read(path):
        groups[(row["network"], row["layer"], row["batch"])].append(row)
    for (network, layer, batch), rows in groups.items():
        dense = {
            dtype: min(float(r["median_us"]) for r in rows if r["dtype"] == dtype and not r["block"] and r["median_us"])
            for dtype in ("float32", "bfloat16")
        }
        for row in rows:
            if row["block"]:
                found = {
                    "network": network,
                    "layer": layer,
                    "batch": batch,
                    "block": row["block"],
                    "ratio": row["ratio"],
                    "zero_share": row["zero_share"],
                    "sparse_us": row["median_us"],
                    "reason": row["reason"],
                }
                for dtype, time in dense.items():
                    found[f"dense_{dtype}_us"] = time
                    found[f"speedup_{dtype}"] = f"{time / float(row['median_us']):.3f}" if row["median_us"] else ""
                yield found


def draw(rows, networks, folder, predicted):
    """Speed-up against the share of zero blocks: a column of panels per network, a line per block."""
    cases = [
        (
            "H200, float16, batch 32",
            lambda r: r["kernel"] == "own_triton" and (r["dtype"], r["batch"]) == ("float16", 32),
        ),
        ("H200, int8, batch 32", lambda r: r["kernel"] == "own_triton" and (r["dtype"], r["batch"]) == ("int8", 32)),
        (predicted, lambda r: r["kernel"] == "tessera"),
    ]
    figure, grid = style.plt.subplots(
        len(cases),
        len(networks),
        figsize=(style.PAGE, 1.75 * len(cases)),
        sharex=True,
        sharey="row",
        squeeze=False,
        constrained_layout=True,
    )
    points = []
    for line, (label, chosen) in zip(grid, cases):
        for axis, network in zip(line, networks):
            for i, block in enumerate((8, 16, 32, 64)):
                found = sorted(
                    (
                        r["ratio"],
                        float(r["speedup"]),
                        *(float(r.get(k) or r["speedup"]) for k in ("speedup_least", "speedup_greatest")),
                    )
                    for r in rows
                    if chosen(r) and r["network"] == network and r["block"] == block and r.get("speedup")
                )
                if found:
                    ratio, speed, low, high = zip(*found)
                    axis.errorbar(
                        ratio,
                        speed,
                        [[s - v for s, v in zip(speed, low)], [v - s for s, v in zip(speed, high)]],
                        color=style.COLORS[i],
                        marker=style.MARKERS[i],
                        elinewidth=0.6,
                        capsize=1.5,
                        label=f"{block}x{block} blocks",
                    )
                    points += [(label, network, block, *point) for point in found]
            axis.axhline(1, color="black", linewidth=0.6, linestyle=":")
            axis.set_title(f"{network}: {label}", fontsize=7)
        line[0].set_ylabel("speed-up")
    for axis in grid[-1]:
        axis.set_xlabel("share of zero blocks")
    style.legend_below(figure, grid.flat, 4)
    style.save(figure, folder, "speedup", ["case", "network", "block", "ratio", "speedup", "least", "greatest"], points)


def write(path, columns, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results")
    parser.add_argument("--networks", nargs="+", required=True)
    parser.add_argument("--predicted", required=True)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--cols", type=int, default=4)
    arguments = parser.parse_args()
    measured = Measured(*(os.path.join(arguments.results, name) for name in ("gpu.csv", "gpu_2_4.csv")))
    rows, networks = [], [convolutions(path) for path in arguments.networks]
    for name, layers in networks:
        rows += gpu_rows(measured, name, layers)
        rows += two_four_rows(measured, name, layers)
    ratios = {ratio for *_, ratio in measured.axes("own_triton")}
    rows += predicted_rows(arguments.predicted, arguments.rows, arguments.cols, ratios)
    write(os.path.join(arguments.results, "comparison.csv"), COLUMNS, rows)
    cpu = list(cpu_rows(os.path.join(arguments.results, "cpu.csv")))
    write(os.path.join(arguments.results, "cpu_products.csv"), list(cpu[0]), cpu)
    draw(
        rows,
        [name for name, _ in networks],
        os.path.join(arguments.results, "figures"),
        f"AIE2 {arguments.rows}x{arguments.cols}, int8, predicted",
    )


if __name__ == "__main__":
    main()
