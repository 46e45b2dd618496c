#!/usr/bin/env python3
"""How good the mappings are that are chosen for the 400 layers of tests/property/layer_corpus.h, and how far their estimates
are off: writes every judged ratio to corpus.csv and a summary between the `corpus` marks of README.md. Takes half an hour on two
cores.

corpus.py PROGRAM     PROGRAM: the test best_mapping of a build, for example build/tests/property/best_mapping"""
import csv
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from make import HERE, ROOT

SAYS = {
    "best": "`best` takes at most 1.03 of the best forced mapping",
    "sparse": "sparse takes at most 1.005 of dense",
    "ratio": "ten percent more zero blocks take at most 1.01 of the time",
    "kernels": "slower kernels take no less time",
}
PARTS = 16


def part(program, number):
    env = dict(os.environ, TESSERA_CONFIGS=str(ROOT / "configs"), CORPUS_PART=f"{number}/{PARTS}")
    said = subprocess.run([program, "[whole]"], check=True, capture_output=True, text=True, env=env).stdout
    print(f"part {number + 1} of {PARTS} done", file=sys.stderr)
    return [line.split(",") for line in said.splitlines() if re.match(r"\d+,[a-z0-9 ]+,[\d.]+,", line)]


def judged(rule, rows):
    """A line of the summary, and one for each layer where the rule does not hold."""
    ratios = {int(number): (float(ratio), float(allowed)) for number, name, ratio, allowed in rows if name == rule}
    broken = {number: ratio for number, (ratio, allowed) in ratios.items() if ratio > allowed}
    worst = max(ratios, key=lambda number: ratios[number][0])
    yield (f"- {SAYS[rule]}: {len(ratios) - len(broken)} of {len(ratios)} layers, worst {ratios[worst][0]:.3f} (layer {worst})")
    if broken:
        yield "  - not: " + ", ".join(f"layer {number} ({ratio:.3f})" for number, ratio in sorted(broken.items()))


def estimated(rows):
    """A line for every operator: how far estimates are off."""
    errors = {}
    for _, name, ratio, _ in rows:
        if name.startswith("estimate of "):
            errors.setdefault(name, []).append(abs(1 / float(ratio) - 1))
    for name, off in sorted(errors.items()):
        yield f"- {name}: {len(off)} layers, off by {100 * sum(off) / len(off):.0f} % on average, {100 * max(off):.0f} % at worst"


def main():
    with ThreadPoolExecutor(2) as pool:
        rows = sorted(sum(pool.map(lambda number: part(sys.argv[1], number), range(PARTS)), []), key=lambda r: (int(r[0]), r[1]))
    with open(HERE / "corpus.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("layer", "rule", "ratio", "allowed"), *rows])
    lines = [line for rule in SAYS for line in judged(rule, rows)] + list(estimated(rows))
    readme = HERE / "README.md"
    before, _, after = readme.read_text(encoding="utf-8").split("<!-- corpus -->")
    text = "\n".join(lines)
    readme.write_text(f"{before}<!-- corpus -->\n{text}\n<!-- corpus -->{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
