#!/usr/bin/env python3
"""Fits the occupation of host memory by short runs (ddr.run_ns, ddr.page_ns, ddr.page_bytes of
configs/hardware/xdna1_1800mhz.json) to the array rows that calibration.json names for it.

    python3 results/validation/fit_ddr.py [path of the tessera launcher or binary]

Simulates the rows for a grid of values (half a minute), prints the root mean square error of each, and fails when the
hardware file does not hold the best; changes nothing.
"""
from fit import best_of_grid

GRID = [(page, run, opened) for page in (2048, 3072, 4096) for run in (0.556, 0.778, 1.11, 1.44) for opened in (3.47, 3.89, 4.31)]  # B, ns, ns

if __name__ == "__main__":
    best_of_grid(lambda why: why.startswith("DDR"), "hardware/xdna1_1800mhz.json", lambda hardware: hardware["ddr"],
                 ("page_bytes", "run_ns", "page_ns"), GRID)
