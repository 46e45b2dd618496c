#!/usr/bin/env python3
"""Fits what a token takes that interrupts the controller of the open engine, and a called pass of its older core program
(interrupt_ns and called_pass of configs/designs/open_engine/times.json), to the rows that calibration.json names for it.

    python3 results/validation/fit_open_engine.py [path of the tessera launcher or binary]

Simulates the rows for a grid of values (a minute), prints the root mean square error of each, and fails when the file
does not hold the best; changes nothing.
"""
from fit import best_of_grid

GRID = [(interrupt, called) for interrupt in (1200, 1300, 1400, 1500, 1600) for called in (80, 110, 140)]  # ns, cycles

if __name__ == "__main__":
    best_of_grid(lambda why: "interrupts its controller" in why or "core program calls" in why,
                 "designs/open_engine/times.json", lambda times: times, ("interrupt_ns", "called_pass"), GRID)
