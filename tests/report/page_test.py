#!/usr/bin/env python3
"""What a browser makes of the report page: page_test.py PROGRAM CONFIGS NPM WORK

Makes pages of a run, of two runs, of a sweep and of a network with hostile names, then lets Debian's Chromium open them
(browser/*.mjs). Screenshots of every view stay in WORK."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

SKIPPED = 77
HERE = pathlib.Path(__file__).resolve().parent

LAYERS = [{"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
          {"name": "b", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
          {"name": "c", "op": "conv2d", "channels": 64, "kernel": 1},
          {"name": "sum", "op": "add", "inputs": ["a", "c"]},
          {"name": "pool", "op": "maxpool", "kernel": 2}]
HOSTILE = ["</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">",
           "x" * 100_000, "\u202e\u05d0\u05d1\u05d2 \u0627\u0644\u0637\u0628\u0642\u0629 &amp; \"quoted\" <!-- \u2028", "=1+1,\n\"cell\"", "__proto__"]


def network(names):
    layers = [dict(layer, name=name) for layer, name in zip(LAYERS, names)]
    layers[3]["inputs"] = [names[0], names[2]]
    return {"name": names[0], "input": [16, 16, 16], "layers": layers}


def run_config(configs, net):
    return {"network": net, "hardware": {"extends": f"{configs}/hardware/aie2.json", "rows": 2, "cols": 2},
            "sparsity": {"ratio": 0.5}}


class Work:
    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        shutil.rmtree(folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def write(self, name, value):
        (self.folder / name).write_text(json.dumps(value))

    def tessera(self, *words):
        done = subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True, timeout=800)
        if done.returncode:
            sys.exit(f"tessera {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout


def make_pages(work, configs):
    work.tessera("run", f"{configs}/runs/resnet50_4x4.json", "--report", "resnet50.html", "--json", "resnet50.json",
                 "--trace", "resnet50.trace", "--out", "runs")
    work.write("a.json", run_config(configs, network(["first", "second", "third", "sum", "pool"])))
    for name, change in (("a", "sparsity.ratio=0.5"), ("b", "hardware.cols=4")):
        work.tessera("run", "a.json", "--set", change, "--out", f"two_{name}", "--json", f"{name}_result.json")
    folders = [str(next((work.folder / f"two_{name}").iterdir())) for name in "ab"]
    work.tessera("report", *folders, "--out", "two.html")
    work.tessera("report", folders[0], "--out", "again.html")
    work.write("hostile.json", run_config(configs, network(HOSTILE)))
    work.tessera("run", "hostile.json", "--report", "hostile.html", "--json", "hostile_result.json", "--out", "hostile_runs")
    work.write("sweep.json", {"base": "a.json", "axes": {"sparsity.ratio": [0, 0.25, 0.5, 0.75], "hardware.cols": [1, 2, 3],
                                                          "hardware.ddr.read_gb_per_s": [2, 8]}})
    work.tessera("sweep", "sweep.json", "--out", "sweep")
    work.tessera("report", "sweep", "--out", "sweep.html")


def main():
    program, configs = (os.path.abspath(path) for path in sys.argv[1:3])
    npm, folder = (os.path.abspath(path) for path in sys.argv[3:5])
    chromium = shutil.which("chromium")
    if shutil.which("node") is None or not os.path.isdir(f"{npm}/node_modules/playwright-core"):
        print("skipped: node and its packages are missing (apt-get install npm)")
        sys.exit(SKIPPED)
    if chromium is None:
        print("skipped: Chromium is missing (apt-get install chromium)")
        sys.exit(SKIPPED)
    work = Work(program, folder)
    make_pages(work, configs)
    tests = work.folder / "browser"  # beside node_modules, where node looks for playwright
    shutil.copytree(HERE / "browser", tests)
    os.symlink(f"{npm}/node_modules", work.folder / "node_modules")
    sys.exit(subprocess.run(["node", str(tests / "all.mjs"), str(work.folder), chromium]).returncode)


if __name__ == "__main__":
    main()
