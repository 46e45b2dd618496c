#!/usr/bin/env python3
"""Prints the two tables of README.md: python3 results/control/tables.py [PROGRAM], from the root of the repository.

Runs ResNet50, VGG16 and Inception V3 on xdna1_1800mhz with kernels gemm-class, each with every mechanism and pattern,
fidelity transaction, schedule.search as it is by default. 30 runs, about ten minutes.
"""
import json
import subprocess
import sys
import tempfile

NETWORKS = {"resnet50": "ResNet50", "vgg16": "VGG16", "inception_v3": "Inception V3"}
WHO = {"nobody": ["mechanism=none"], "cores, packets elsewhere": ["mechanism=core"],
       "control packets": ["mechanism=control_packets"],
       "firmware, cores in their own tiles": ["mechanism=serial"],
       "firmware alone": ["mechanism=serial", "compute_tiles=mechanism"]}
PATTERNS = ["random", "balanced"]
TILES = {"memory tiles": "memory_tile_operations", "shims": "shim_operations",
         "cores in their own tiles": "core_operations"}


def run(program, network, controller, pattern):
    with tempfile.TemporaryDirectory() as folder:
        result = f"{folder}/result.json"
        sets = [f"network=configs/networks/{network}.json", "hardware.kernels=gemm-class",
                f"sparsity.pattern={pattern}", "sparsity.ratio=0.5"]
        sets += [f"hardware.controller.{key}" for key in controller]
        command = [program, "run", "resnet50_xdna1", "--fidelity", "transaction", "--json", result, "--out", folder]
        subprocess.run(command + [word for one in sets for word in ("--set", one)], check=True, stdout=subprocess.DEVNULL)
        with open(result) as file:
            return json.load(file)


def count(density, name="operations"):
    number = density["control"].get(name)
    return "" if number is None else f"{number:,}"


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "./tessera"
    print("| network | who starts transfers | dense, ms | 50 % random, ms | speed-up | 50 % balanced, ms | speed-up "
          "| operations: dense | random | balanced |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    serial = {}
    for network, name in NETWORKS.items():
        for who, controller in WHO.items():
            results = {pattern: run(program, network, controller, pattern) for pattern in PATTERNS}
            dense = results["random"]["dense"]
            cells = [name, who, f"{dense['latency_us'] / 1e3:.3f}"]
            for pattern in PATTERNS:
                latency = results[pattern]["sparse"]["latency_us"]
                cells += [f"{latency / 1e3:.3f}", f"{dense['latency_us'] / latency:.2f}"]
            cells += [count(dense)] + [count(results[pattern]["sparse"]) for pattern in PATTERNS]
            print("| " + " | ".join(cells) + " |", flush=True)
            if who.startswith("firmware, cores"):
                serial[name] = results["random"]
    print("\n| firmware | " + " | ".join(f"{name}, dense | 50 % random" for name in serial) + " |")
    print("|---|" + "---:|" * 2 * len(serial))
    for label, metric in TILES.items():
        cells = [count(result[density], metric) for result in serial.values() for density in ("dense", "sparse")]
        print("| " + " | ".join([label] + cells) + " |")
    busy = [f"{result[density]['control']['bound_us'] / 1e3:.3f}" for result in serial.values()
            for density in ("dense", "sparse")]
    print("| firmware busy, ms | " + " | ".join(busy) + " |")


if __name__ == "__main__":
    main()
