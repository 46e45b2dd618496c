#!/usr/bin/env python3
"""Fits the occupation of host memory by short runs (ddr.run_ns, ddr.page_ns, ddr.page_bytes of
configs/hardware/xdna1_1800mhz.json) to the array rows that calibration.json names for it.

    python3 results/validation/fit_ddr.py [path of the tessera launcher or binary]

Simulates the rows for a grid of values (half a minute), prints the root mean square error of each, and fails when the
hardware file does not hold the best; changes nothing.
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
GRID = [(page, run, opened) for page in (2048, 3072, 4096) for run in (0.556, 0.778, 1.11, 1.44) for opened in (3.47, 3.89, 4.31)]  # B, ns, ns


def main(tessera):
    calibration = json.loads((ROOT / "configs/validation/calibration.json").read_text())
    ids = {i for i, why in calibration["ids"].items() if why.startswith("DDR")}
    with tempfile.TemporaryDirectory() as folder:
        configs = Path(folder) / "configs"
        shutil.copytree(ROOT / "configs", configs)
        with open(configs / "validation/measured.csv", newline="") as f:
            header, *rows = list(csv.reader(f))
        table = Path(folder) / "rows.csv"
        with open(table, "w", newline="") as f:
            csv.writer(f).writerows([header] + [r for r in rows if r[0] in ids])
        hardware = configs / "hardware/xdna1_1800mhz.json"
        original = json.loads(hardware.read_text())
        held = tuple(original["ddr"][key]["value"] for key in ("page_bytes", "run_ns", "page_ns"))
        best = None
        for page, run, opened in GRID:
            for key, value in (("page_bytes", page), ("run_ns", run), ("page_ns", opened)):
                original["ddr"][key]["value"] = value
            hardware.write_text(json.dumps(original))
            out = Path(folder) / "out.json"
            subprocess.run([tessera, "validate", str(table), "--json", str(out)], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "TESSERA_CONFIGS": str(configs)})
            errors = {r["id"]: r["error_pct"] for r in json.loads(out.read_text())["rows"]}
            rms = (sum(e * e for e in errors.values()) / len(errors)) ** 0.5
            print(f"page {page:5} run {run:5.3f} ns opened {opened:4.2f} ns: rms {rms:6.2f} %", *(f"{i} {e:+.1f}" for i, e in errors.items()))
            best = min(best or (rms, page, run, opened), (rms, page, run, opened))
    print(f"best: rms {best[0]:.2f} %, page_bytes {best[1]}, run_ns {best[2]}, page_ns {best[3]}")
    if best[1:] != held:
        sys.exit(f"the hardware file holds {held}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "tessera"))
