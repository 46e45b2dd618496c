#!/usr/bin/env python3
"""How far the scheduler's estimate (`tessera check`) is from what `tessera run` simulates, on the nine networks and arrays:
writes the sentence and table of README.md between the `estimates` marks.

estimates.py [PROGRAM]     PROGRAM: a built tessera; the default is the launcher"""
import json
import pathlib
import subprocess
import sys
import tempfile

from make import ARRAYS, HERE, NETWORKS, ROOT


def ask(tessera, command, config, work, *more):
    out = pathlib.Path(work) / "out.json"
    subprocess.run([tessera, command, str(config), "--json", str(out), *more], check=True, stdout=subprocess.DEVNULL)
    return json.loads(out.read_text())


def main():
    tessera = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "tessera")
    lines, errors = [], []
    with tempfile.TemporaryDirectory() as work:
        for network, name in NETWORKS.items():
            for array in ARRAYS:
                config = ROOT / f"configs/runs/{network}_{array}.json"
                plan = ask(tessera, "check", config, work)
                run = ask(tessera, "run", config, work, "--out", f"{work}/runs")
                pair = [100 * (plan[d]["estimate_us"] / run[d]["latency_us"] - 1) for d in ("dense", "sparse")]
                errors += pair
                lines.append(f"| {name} | {array} | {pair[0]:+.0f} % | {pair[1]:+.0f} % |")
    said = f"From {min(errors):+.0f} % to {max(errors):+.0f} % of the simulated latency:"
    table = "\n".join([said, "", "| network | array | dense | 50 % zero |", "|---|---|---:|---:|", *lines])
    readme = HERE / "README.md"
    before, _, after = readme.read_text(encoding="utf-8").split("<!-- estimates -->")
    readme.write_text(f"{before}<!-- estimates -->\n{table}\n<!-- estimates -->{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
