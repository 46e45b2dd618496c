#!/usr/bin/env python3
"""Sizes of two gaps of the striking-balance rows: host memory as fast as on the 8700G, and B read row by row.

    python3 results/validation/known_gaps.py [path of the tessera launcher or binary]

Predicts the array rows again with the constants of host memory changed in a copy of configs/; changes nothing.
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
BYTES = {"i8": 1, "i16": 2, "bf16": 2, "i32": 4, "f32": 4}
RATES = (20, 15, 12)  # GB/s per direction; the authors state about 15 as effective


def traffic(row):
    """Bytes read and written: A once per column of tiles of C, B once per row of them."""
    m, k, n, rows, cols = (int(row[c]) for c in ("m", "k", "n", "rows", "cols"))
    tile_m, _, tile_n = (int(x) for x in row["core_tile"].split("x"))
    read = BYTES[row["in_type"]] * (m * k * -(-n // (tile_n * cols)) + k * n * -(-m // (tile_m * rows)))
    return read, BYTES[row["out_type"]] * m * n


class Model:
    def __init__(self, tessera, folder):
        self.tessera, self.folder, self.configs = tessera, Path(folder), Path(folder) / "configs"
        shutil.copytree(ROOT / "configs", self.configs)
        self.hardware = self.configs / "hardware/xdna1_1000mhz.json"
        self.original = self.hardware.read_text()
        self.inherited = json.loads((self.configs / "hardware/xdna1_1800mhz.json").read_text())["ddr"]

    def predict(self, row, **changed):
        """Predicted value of one row with keys of `ddr` changed."""
        hardware = json.loads(self.original)
        for key, value in changed.items():
            held = hardware["ddr"].setdefault(key, self.inherited[key])
            held["value"] = value(held["value"]) if callable(value) else value
        self.hardware.write_text(json.dumps(hardware))
        table, out = self.folder / "row.csv", self.folder / "out.json"
        with open(table, "w", newline="") as f:
            writer = csv.DictWriter(f, row)
            writer.writeheader()
            writer.writerow(row)
        subprocess.run([self.tessera, "validate", str(table), "--json", str(out)], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "TESSERA_CONFIGS": str(self.configs)})
        return json.loads(out.read_text())["rows"][0]["predicted"]


def main(tessera):
    with open(ROOT / "configs/validation/measured.csv", newline="") as f:
        rows = [r for r in csv.DictReader(f) if r["group"] == "striking-balance-7940HS" and r["workload"] == "gemm"]
    with tempfile.TemporaryDirectory() as folder:
        model = Model(tessera, folder)
        print("           GB/s in the        error   error at a rate of (GB/s)   B by column")
        print("row        measured time  as modelled" + "".join(f"{rate:>10}" for rate in RATES) + "   runs    error")
        for row in rows:
            measured = float(row["measured"])
            seconds = 2 * int(row["m"]) * int(row["k"]) * int(row["n"]) / measured / 1e12
            read, written = (b / seconds / 1e9 for b in traffic(row))
            error = lambda value: f"{100 * (value / measured - 1):+.1f} %"
            slow = [error(model.predict(row, read_gb_per_s=rate, write_gb_per_s=rate)) for rate in RATES]
            # B by column: per step of k, tile_n runs of tile_k elements instead of tile_k runs; the tile_m of A stay. The
            # memory sees the runs of both, a channel those of B alone.
            tile_m, tile_k, tile_n = (int(x) for x in row["core_tile"].split("x"))
            runs, own = (tile_m + tile_n) / (tile_m + tile_k), tile_n / tile_k
            by_column = model.predict(row, run_ns=lambda v: v * runs, page_ns=lambda v: v * runs,
                                      channel_page_ns=lambda v: v * own)
            print(f"{row['id']:10} {read:5.1f} {written:5.1f}  {error(model.predict(row)):>8}", *(f"{s:>9}" for s in slow),
                  f"  x{runs:.2f} {error(by_column):>8}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "tessera"))
