#!/usr/bin/env python3
"""Fits what a token takes that interrupts the controller of the open engine, and a called pass of its older core program
(interrupt_ns and called_pass of configs/designs/open_engine/times.json), to the rows that calibration.json names for it.

    python3 results/validation/fit_open_engine.py [path of the tessera launcher or binary]

Simulates the rows for a grid of values (a minute), prints the root mean square error of each, and fails when the file
does not hold the best; changes nothing.
"""
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("interrupt_ns", "called_pass")
GRID = [(interrupt, called) for interrupt in (1200, 1300, 1400, 1500, 1600) for called in (80, 110, 140)]  # ns, cycles


def main(tessera):
    calibration = json.loads((ROOT / "configs/validation/calibration.json").read_text())
    ids = {i for i, why in calibration["ids"].items() if "interrupts its controller" in why or "core program calls" in why}
    with tempfile.TemporaryDirectory() as folder:
        configs = Path(folder) / "configs"
        shutil.copytree(ROOT / "configs", configs)
        with open(configs / "validation/measured.csv", newline="") as f:
            header, *rows = list(csv.reader(f))
        table = Path(folder) / "rows.csv"
        with open(table, "w", newline="") as f:
            csv.writer(f).writerows([header] + [r for r in rows if r[0] in ids])
        file = configs / "designs/open_engine/times.json"
        times = json.loads(file.read_text())
        held = tuple(times[key]["value"] for key in KEYS)
        best = None
        for values in GRID:
            for key, value in zip(KEYS, values):
                times[key]["value"] = value
            file.write_text(json.dumps(times))
            out = Path(folder) / "out.json"
            subprocess.run([tessera, "validate", str(table), "--json", str(out)], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "TESSERA_CONFIGS": str(configs)})
            errors = {r["id"]: r["error_pct"] for r in json.loads(out.read_text())["rows"]}
            rms = (sum(e * e for e in errors.values()) / len(errors)) ** 0.5
            print(f"interrupt {values[0]} ns called pass {values[1]} cycles: rms {rms:5.2f} %", *(f"{i} {e:+.1f}" for i, e in errors.items()))
            best = min(best or (rms, values), (rms, values))
    print(f"best: rms {best[0]:.2f} %, " + ", ".join(f"{key} {value}" for key, value in zip(KEYS, best[1])))
    if best[1] != held:
        sys.exit(f"times.json holds {held}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "tessera"))
