#!/usr/bin/env python3
"""Top-1 of ONNX files on the test images, computed by ONNX Runtime: a second opinion on `experiment.py`.

    onnx_accuracy.py CONFIG.json FILE.onnx[.gz]..."""
import gzip
import sys

import numpy as np
import onnxruntime

from dataset import read_part
from experiment import read_config


def main():
    spec = read_config(sys.argv[1])["data"]
    images, labels = read_part(spec, "test")
    x = ((images.astype(np.float32) / spec["scale"] - spec["mean"]) / spec["std"]).astype(np.float32)[:, None]
    for path in sys.argv[2:]:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
            session = onnxruntime.InferenceSession(file.read(), providers=["CPUExecutionProvider"])
        right = sum(
            int((session.run(None, {"x": x[i : i + 1000]})[0].argmax(1) == labels[i : i + 1000]).sum())
            for i in range(0, len(x), 1000)
        )
        print(f"{path},{100 * right / len(x):.2f},onnxruntime {onnxruntime.__version__}", flush=True)


if __name__ == "__main__":
    main()
