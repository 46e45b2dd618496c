#!/usr/bin/env python3
"""How good the mappings are that are chosen for the 400 layers of tests/property/layer_corpus.h, and how far their estimates
are off: writes what the test program says between the `corpus` marks of README.md. Takes an hour on two cores.

corpus.py PROGRAM     PROGRAM: the test best_mapping of a build, for example build/tests/property/best_mapping"""
import os
import re
import subprocess
import sys

from make import HERE, ROOT


def main():
    env = dict(os.environ, TESSERA_CONFIGS=str(ROOT / "configs"))
    said = subprocess.run([sys.argv[1], "[whole]"], check=True, capture_output=True, text=True, env=env).stdout
    lines = []
    for line in said.splitlines():
        if line.startswith("- "):
            lines.append(line)
        elif case := re.match(r"  (\d+) ([\d.]+) ", line):  # a layer where the rule does not hold
            lines.append(f"  - layer {case[1]}: {case[2]}")
    readme = HERE / "README.md"
    before, _, after = readme.read_text(encoding="utf-8").split("<!-- corpus -->")
    text = "\n".join(lines)
    readme.write_text(f"{before}<!-- corpus -->\n{text}\n<!-- corpus -->{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
