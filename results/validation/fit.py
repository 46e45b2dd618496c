"""What the fits of this folder share: rows of measured.csv predicted with each of a grid of values in a configs file."""
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def best_of_grid(rows_are, file, part, keys, grid):
    """Predicts the calibration rows whose reason `rows_are` accepts with every tuple of `grid` as the values of `keys` in
    part(content of configs/`file`), prints the root mean square error of each, and fails when the file does not hold the
    best. The first argument of the program is the launcher or the binary; nothing is changed."""
    tessera = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "tessera")
    calibration = json.loads((ROOT / "configs/validation/calibration.json").read_text())
    ids = {i for i, why in calibration["ids"].items() if rows_are(why)}
    with tempfile.TemporaryDirectory() as folder:
        configs = Path(folder) / "configs"
        shutil.copytree(ROOT / "configs", configs)
        with open(configs / "validation/measured.csv", newline="") as f:
            header, *rows = list(csv.reader(f))
        table = Path(folder) / "rows.csv"
        with open(table, "w", newline="") as f:
            csv.writer(f).writerows([header] + [r for r in rows if r[0] in ids])
        content = json.loads((configs / file).read_text())
        held = tuple(part(content)[key]["value"] for key in keys)
        best = None
        for values in grid:
            for key, value in zip(keys, values):
                part(content)[key]["value"] = value
            (configs / file).write_text(json.dumps(content))
            out = Path(folder) / "out.json"
            subprocess.run([tessera, "validate", str(table), "--json", str(out)], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "TESSERA_CONFIGS": str(configs)})
            errors = {r["id"]: r["error_pct"] for r in json.loads(out.read_text())["rows"]}
            rms = (sum(e * e for e in errors.values()) / len(errors)) ** 0.5
            print(text(keys, values) + f": rms {rms:.2f} %", *(f"{i} {e:+.1f}" for i, e in errors.items()))
            best = min(best or (rms, values), (rms, values))
    print(f"best: rms {best[0]:.2f} %, " + text(keys, best[1]))
    if best[1] != held:
        sys.exit(f"configs/{file} holds {text(keys, held)}")


def text(keys, values):
    return ", ".join(f"{key} {value}" for key, value in zip(keys, values))
