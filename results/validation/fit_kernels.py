#!/usr/bin/env python3
"""Fits the kernel latency models of configs/hardware/kernels to the calibration rows of configs/validation/measured.csv.

Run from the root of the tree:  python3 results/validation/fit_kernels.py
Least squares on relative errors; a coefficient that the rows cannot tell apart is held at the value named in `left_out`.
Prints every fit with its residuals and, where rows exceed coefficients, the errors with each row left out.
"""
import csv
import json
import re
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "configs/hardware/kernels"
CALIBRATION = json.loads((ROOT / "configs/validation/calibration.json").read_text())
with open(ROOT / "configs/validation/measured.csv", newline="") as f:
    ROWS = list(csv.DictReader(f))


def is_calibration(row):
    kernel = row["workload"] in ("gemm-kernel", "conv-kernel") and "kernel" in CALIBRATION["classes"]
    micro = row["workload"] == "empty harness"
    return kernel or micro or row["id"] in CALIBRATION["ids"]


ROWS = {r["id"]: r for r in ROWS if is_calibration(r)}
HARNESS = float(ROWS["IGN-L1-E"]["measured"])


def shape(row):
    if row["workload"] == "conv-kernel":  # 3x3 512->32, 8 pixels, im2col done by DMA: pixels, taps times inputs, outputs
        kh, kw, cin, cout, pixels = (int(x) for x in re.findall(r"\d+", row["shape"])[:5])
        return pixels, kh * kw * cin, cout
    return tuple(int(x) for x in row["core_tile"].split("x"))  # m, k, n


def cycles(row):
    m, k, n = shape(row)
    if row["unit"] == "MAC/cycle":
        return m * k * n / float(row["measured"])
    return float(row["measured"]) - (0 if row["workload"] == "conv-kernel" else HARNESS)


def terms(m, k, n, block):
    blocks = -(-m // block[0]) * -(-n // block[1])
    return np.array([1.0, blocks, blocks * -(-k // block[2])])


def solve(x, y, free, fixed):
    """Relative least squares for the free coefficients; the others stay at `fixed`. Never below zero."""
    free = list(free)
    while True:
        coefficients = np.array(fixed, dtype=float)
        rest = y - x @ np.where([i in free for i in range(3)], 0, coefficients)
        solution = np.linalg.lstsq(x[:, free] / y[:, None], rest / y, rcond=None)[0]
        if (solution >= 0).all():
            coefficients[free] = solution
            return coefficients
        worst = free[int(np.argmin(solution))]
        free.remove(worst)
        fixed = [0 if i == worst else v for i, v in enumerate(fixed)]


def fit_gemm(library, in_type, out_type, block, peak, ids, source, free=(0, 1, 2), fixed=(0, 0, 0), left_out=""):
    rows = [ROWS[i] for i in ids]
    x = np.array([terms(*shape(r), block) for r in rows])
    y = np.array([cycles(r) for r in rows])
    c = solve(x, y, free, fixed)
    if 2 in free and c[2] < peak:  # no kernel beats the multiplier: hold the inner loop there
        free, fixed = tuple(i for i in free if i != 2), (fixed[0], fixed[1], peak)
        c = solve(x, y, free, fixed)
    residual = 100 * (x @ c / y - 1)
    print(f"{library} {in_type}->{out_type}: prologue {c[0]:.2f} per_block {c[1]:.3f} inner {c[2]:.4f} (peak {peak})")
    for i, row, e in zip(range(len(rows)), rows, residual):
        text = f"  {row['id']:12} {row['core_tile']:12} {y[i]:9.1f} cycles  {e:+6.2f} %"
        if len(rows) > len(free):
            keep = [j for j in range(len(rows)) if j != i]
            left = solve(x[keep], y[keep], free, fixed)
            text += f"  left out {100 * (x[i] @ left / y[i] - 1):+6.2f} %"
        print(text)
    shapes = np.array([shape(r) for r in rows])
    entry = {
        "in": in_type, "out": out_type, "block": {"m": block[0], "n": block[1], "k": block[2]}, "peak": peak,
        "prologue": round(c[0], 2), "per_block": round(c[1], 3), "inner": round(c[2], 4),
        "source": source + "; rows " + " ".join(ids),
        "range": " ".join(f"{n} {lo}..{hi}" for n, lo, hi in zip("mkn", shapes.min(0), shapes.max(0))),
        "residual_pct": {r["id"]: round(e, 2) for r, e in zip(rows, residual)},
    }
    if left_out:
        entry["left_out"] = left_out
    return entry


def write(name, says, **parts):
    KERNELS.mkdir(parents=True, exist_ok=True)
    (KERNELS / f"{name}.json").write_text(json.dumps({"name": name, "says": says, **parts}, indent=2) + "\n")


def peano():
    source = "mlir-aie mm.cc compiled by Peano, data resident in L1, harness of 20.4 cycles subtracted"
    i8 = fit_gemm("peano-iron", "i8", "i32", (8, 16, 8), 4, ["IGN-L1-0", "IGN-L1-3", "IGN-L1-4"], source,
                  left_out="IGN-L1-2: its C stands in the bank of the stack and pays bank conflicts")
    bf = fit_gemm("peano-iron", "bf16", "f32", (8, 8, 8), 8, ["IGN-L1-5", "IGN-L1-6", "IGN-L1-7", "IGN-L1-8"], source)
    # int16 was traced at one shape only: the prologue is that of bf16, the inner loop is held at the multiplier's peak, as
    # wherever the rows do not tell it from the cost per block, and the cost per block is fitted.
    traced = []
    for row in ROWS.values():
        found = re.search(r"avg ([\d,.]+) cycles/kernel", row["notes"])
        if CALIBRATION["ids"].get(row["id"], "").startswith("int16 kernel") and found:
            traced.append((row["id"], float(found.group(1).replace(",", ""))))
    mean = float(np.mean([t for _, t in traced]))
    blocks = terms(32, 32, 32, (8, 8, 4))
    inner = 4.0
    per_block = (mean - bf["prologue"] - inner * blocks[2]) / blocks[1]
    spread = {i: round(100 * (mean / t - 1), 2) for i, t in traced}
    print(f"peano-iron i16->i32: mean of {len(traced)} traces {mean:.1f} cycles, per_block {per_block:.3f}, inner {inner} (peak); {spread}")
    i16 = {"in": "i16", "out": "i32", "block": {"m": 8, "n": 8, "k": 4}, "peak": 4, "prologue": bf["prologue"],
           "per_block": round(per_block, 3), "inner": inner,
           "source": "stream_aie traces, cycles per kernel call of calibration rows; prologue of bf16->f32, inner loop at the peak",
           "range": "m 32..32 k 32..32 n 32..32", "residual_pct": spread}
    rounded = {**bf, "out": "bf16", "residual_pct": {},
               "source": "assumption: bf16 -> f32 above; mlir-aie's kernel sums the same blocks and rounds them on their way out"}
    del rounded["range"]
    write("peano-iron", "GEMM kernels of mlir-aie (mm.cc) compiled by the open compiler", gemm=[i8, bf, rounded, i16])
    reblocked = {**i8, "inner": round(i8["inner"] * 8 / 9, 4), "residual_pct": {},
                 "source": "peano-iron i8 -> i32 with an inner loop of 8 bundles instead of 9 (ignite-xdna, object code); no "
                           "single-core time was measured"}
    del reblocked["range"], reblocked["left_out"]
    write("peano-iron-2x2", "GEMM kernel of mlir-aie reblocked to 2x2: 8 bundles in its inner loop instead of 9",
          gemm=[reblocked])
    return i8


def ignite_conv():
    entry = fit_gemm("ignite-conv", "i8", "i8", (8, 16, 8), 4, ["IGN2-CONV-0", "IGN2-CONV-1"],
                     "ignite-xdna, issue cycles without input waits", (1, 2),
                     left_out="prologue: the rows do not tell it from the cost per block")
    write("ignite-conv", "convolution kernel of ignite-xdna whose windows the DMA lays side by side (im2col), as a product of "
          "pixels, taps times input channels, and output channels", gemm=[entry])
    return entry


def hand_tuned():
    source = "arXiv 2512.13282, hardware trace of one core, L1 resident"
    no_prologue = "prologue: the rows do not tell it from the cost per block"
    fits = [
        fit_gemm("hand-tuned", "i8", "i8", (8, 16, 8), 4, ["STB-1C-0", "STB-KRN-0"], source, (1, 2), left_out=no_prologue),
        fit_gemm("hand-tuned", "i8", "i16", (8, 16, 8), 4, ["STB-1C-1", "STB-KRN-2"], source, (1, 2), left_out=no_prologue),
        fit_gemm("hand-tuned", "i8", "i32", (8, 16, 8), 4, ["STB-1C-2", "STB-KRN-4"], source, (1, 2), left_out=no_prologue),
        fit_gemm("hand-tuned", "bf16", "bf16", (8, 8, 8), 4, ["STB-1C-3", "STB-KRN-6", "STB-KRN-7"], source, (1, 2),
                 left_out=no_prologue),
    ]
    write("hand-tuned", "GEMM kernels of the Striking-the-Balance study, tuned by hand", gemm=fits)
    return fits[0]


def hand_assembly():
    entry = fit_gemm("hand-assembly", "bf16", "f32", (8, 8, 8), 4, ["IGN-L1-9"], "hand-written assembly, harness subtracted",
                     (0,), (0, 0, 4), "inner loop: held at the peak of 128 MAC/cycle; one shape was measured")
    write("hand-assembly", "one bf16 kernel in assembly; its notes tell it from the compiled one of the same shape",
          gemm=[entry])


ENGINE = json.loads((ROOT / "configs/designs/open_engine/times.json").read_text())
ENGINE_ROWS = ("OPEN-Y8N", "OPEN-V-FIXED")


ENGINE_KERNEL = 16064 // 5 + 1  # bytes: five kernels of the open engine fill 16,064 to 16,160 of its 16 KB
CODE = {"bytes": ENGINE_KERNEL, "source": "assumed: a fifth of the 16,064 to 16,160 B that the five kernels of the open engine "
                                          "fill with the loop that takes packets (ignite-xdna)"}
LOOP = {"bytes": 1024, "source": "assumed: one loop with its prologue and epilogue, and a share of the loop that calls it"}
SEVERAL_LOOPS = {"bytes": 2048, "source": "assumed: as two kernels of one loop"}
OPERATOR_CODE = {"depthwise": CODE, "matmul": CODE, "softmax": SEVERAL_LOOPS, "layernorm": SEVERAL_LOOPS,
                 "remap": SEVERAL_LOOPS}


def engine_residuals():
    """Of the rows that the open engine's cycles per tap were fitted to: error of `validate`, in percent."""
    with open(ROOT / "results/validation/validation.csv", newline="") as f:
        errors = {r["id"]: float(r["error_pct"]) for r in csv.DictReader(f) if r["id"] in ENGINE_ROWS}
    return {i: round(errors[i], 2) for i in ENGINE_ROWS}


def direct(gemm, stride, bundles):
    """A kernel that reads pixels as they stand in memory: the loop of the open engine, 8 vmac of 4 x 8 x 8 for 8 pixels and 4
    blocks of 8 channels. What is outside of the taps is that of the GEMM loop."""
    outputs = 4  # blocks of 8 pixels x 8 channels in a pass
    return {**gemm, "row_pixels": 8, "tap": round(ENGINE["tap"]["value"] / outputs, 3), "inner": bundles / outputs,
            "layout": "direct",
            "source": f"ignite-xdna, direct layout, stride {stride}: object code of the innermost loop, {bundles} bundles per 8 "
                      f"vmac, {8 * 256 / bundles:.0f} MAC/cycle (a later build than that of the rows, whose loop has "
                      f"{ENGINE[f'double_pass_stride_{stride}']['value']}); tap: {ENGINE['tap']['value']} cycles per pass of 8 "
                      "pixels and 4 blocks of outputs, fitted to " + " and ".join(ENGINE_ROWS) + ", whole networks of 3x3 and "
                      "1x1; 4 pixels alone take as long as 8; load, store, finish, residual: as the GEMM loop; skipping a "
                      "missing block is taken to be free, no block-sparse kernel was measured",
            "range": f"YOLOv8n on the open engine: 3x3 with stride {stride}, tiles of 5x20 pixels and 32 channels",
            "residual_pct": engine_residuals(),
            "left_out": "cycles of a single kernel call: none was measured on the array"}


def network_kernels(i8, tuned, ignite):
    """Libraries for whole int8 networks. A GEMM loop on convolutions works 8 pixels x 8 channels, half of a block of 8 x 16."""
    partial = i8["per_block"] / 4
    gemm = {
        "code": CODE, "row_pixels": 4, "prologue": i8["prologue"], "load": round(partial, 3),
        "store": round(partial, 3), "finish": round(tuned["per_block"] / 2, 3), "residual": 2.0, "inner": round(i8["inner"] / 2, 4),
        "source": "peano-iron i8->i32 per block of half the width; load and store of int32 partial sums share its per_block "
                  "equally; finish: per_block of hand-tuned i8->i8; residual: 64 bytes at 32 per load (AM020); skipping a "
                  "missing block is taken to be free, no block-sparse kernel was measured",
        "range": i8["range"], "residual_pct": i8["residual_pct"],
    }
    im2col = {**gemm, "finish": round(ignite["per_block"] / 2, 3), "inner": round(ignite["inner"] / 2, 4), "layout": "im2col",
              "source": "ignite-conv per block of half the width, windows laid side by side by the DMA; its cost per block, "
                        "which contains the rest of a call, as finish; prologue, load, store, residual: as the GEMM loop",
              "range": ignite["range"], "residual_pct": ignite["residual_pct"]}
    shared = {"elementwise": {"prologue": i8["prologue"], "per_cycle": 32.0, "pool_per_cycle": 64.0,
                              "code": LOOP, "pool_code": CODE,
                              "source": "AM020: two 256-bit loads and one 256-bit store per cycle"},
              "operators": json.loads((KERNELS / "measured.json").read_text())["operators"]}  # assumed, fitted to nothing
    for name, operator in shared["operators"].items():
        operator["code"] = OPERATOR_CODE.get(name, LOOP)
    i8 = {**i8, "code": CODE}
    write("measured", "int8 kernels of the default hardware: convolutions that read pixels as they stand in memory, GEMM loops "
          "for 1x1", gemm=[i8], conv=direct(gemm, 1, 18),
          conv_by_window={"1x1": gemm, "strided": direct(gemm, 2, 27)}, **shared)
    write("gemm-class", "int8 kernels as good as compiled GEMM loops for every window: what larger windows would take if their "
          "pixels stood side by side", gemm=[i8], conv=gemm, **shared)
    write("im2col", "int8 kernels whose windows the DMA lays side by side; refused for windows whose stream that expands, because "
          "the streams are not modelled", gemm=[i8], conv=im2col, **shared)


def bottleneck():
    """Kernels of the mlir-aie bottleneck: inner loops from object code, the rest from the marginal rates."""
    width, narrow, wide = 32, 64, 256
    clock = 1.8e9
    operations = 2 * width * (narrow * wide + 9 * narrow * narrow + narrow * wide)
    groups = width / 8
    spatial = {"row_pixels": 4, "prologue": 0, "load": 0, "store": 0, "finish": 0, "residual": 0, "inner": 9.0,
               "source": "object code of conv2dk3: 18 bundles per 4 vmac; never the slowest stage of a measured row",
               "range": "not fitted", "residual_pct": {}}
    for kind, row_id, bundles in (("stock", "IGN-BN-MS", 22.0), ("patched", "IGN-BN-MP", 14 / 4)):
        per_row = operations / (float(ROWS[row_id]["measured"]) * 1e9) * clock  # the 64 -> 256 core sets the pace
        inner = 2 * bundles                                                   # two 4x8x8 vmac per 8 pixels
        vmac = groups * (wide / 8) * (narrow / 8) * inner
        finish = (per_row - vmac) / (groups * wide / 8)
        print(f"bottleneck-{kind}: {per_row:.0f} cycles per row of {width} pixels, finish {finish:.1f} per 8 x 8 outputs")
        conv = {"row_pixels": 4, "prologue": 0, "load": 0, "store": 0, "finish": round(finish, 2), "residual": 0,
                "inner": inner, "source": f"object code: {bundles} bundles per vmac; finish from {row_id}",
                "range": "64 -> 256 channels, 32 pixels per row", "residual_pct": {row_id: 0.0}}
        write(f"bottleneck-{kind}", f"mlir-aie conv2dk1 with skip, {kind} kernels, and conv2dk3 of the bottleneck", conv=conv,
              conv_by_window={"3x3": spatial})


def main():
    i8 = peano()
    tuned = hand_tuned()
    hand_assembly()
    network_kernels(i8, tuned, ignite_conv())
    bottleneck()


if __name__ == "__main__":
    sys.exit(main())
