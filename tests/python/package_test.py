#!/usr/bin/env python3
"""Does the Python package say what the program's files say?  package_test.py PROGRAM SOURCES"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCES = (os.path.abspath(path) for path in sys.argv[1:3])
sys.path.insert(0, os.path.join(SOURCES, "explore/python"))
os.environ.update(TESSERA=PROGRAM, TESSERA_CONFIGS=os.path.join(SOURCES, "configs"))
import tessera  # noqa: E402  (the path above is how it is found)

try:
    import pandas
except ImportError:
    pandas = None

CONFIG = {"network": {"name": "tiny", "input": [16, 16, 16], "layers": [
    {"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
    {"name": "b, \"quoted\"", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1}]},
    "hardware": {"extends": f"{SOURCES}/configs/hardware/aie2.json", "rows": 2, "cols": 2}, "sparsity": {"ratio": 0.5}}


def numbers(raw, prefix=""):
    """(path, number) of everything in a result but its lists."""
    for key, value in raw.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{prefix}{key}.")
        elif isinstance(value, (int, float)):
            yield prefix + key, value


class Package(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def test_a_result_is_that_of_the_program(self):
        result = tessera.run(CONFIG, sets={"sparsity.block": [16, 16]}, progress=False)
        pathlib.Path("config.json").write_text(json.dumps({"name": "run", **CONFIG}))
        subprocess.run([PROGRAM, "run", "config.json", "--set", "sparsity.block=[16,16]", "--json", "own.json"], check=True,
                       capture_output=True)
        own = json.loads(pathlib.Path("own.json").read_text())
        self.assertEqual(result.raw, own)
        self.assertEqual(result.raw["sparsity"]["block"], [16, 16])
        self.assertEqual(tessera.read_result(result.folder).raw, own)
        self.assertEqual(os.listdir("."), [name for name in os.listdir(".") if not name.startswith(".tessera")])
        for name, density in result.densities.items():
            for field in ("cycles", "latency_us", "total_us", "bound_us", "macs", "core_busy_share", "time"):
                self.assertEqual(getattr(density, field), own[name][field], field)
            for layer, raw in zip(density.layers, own[name]["layers"]):
                self.assertEqual((layer.name, layer.end_us, layer.mapping, layer.time), (raw["name"], raw["end_us"], raw["mapping"], raw["time"]))
        self.assertEqual(result.sparse.layer("a").macs, own["sparse"]["layers"][0]["macs"])
        with self.assertRaises(KeyError):
            result.sparse.layer("none")

    @unittest.skipIf(pandas is None, "pandas is missing")
    def test_frames_have_the_numbers_of_the_files(self):
        result = tessera.run(CONFIG, progress=False)
        frame = result.frame()
        with open(result.folder / "layers.csv", newline="") as file:
            lines = list(csv.DictReader(file))
        self.assertEqual(list(frame["name"]), [line["layer"] for line in lines])
        for column, key in (("end_us", "end_us"), ("time.busy", "busy_cycles"), ("macs", "macs")):
            self.assertEqual([float(value) for value in frame[column]], [float(line[key]) for line in lines], column)
        summary = result.summary()
        for name in result.densities:
            for key, value in numbers(result.raw[name]):
                self.assertEqual(summary[name][key], value, key)

    def test_one_density_alone(self):
        result = tessera.run(CONFIG, only="dense", progress=False)
        self.assertIsNone(result.sparse)
        self.assertIsNone(result.speedup)
        self.assertEqual(list(result.densities), ["dense"])

    def test_every_problem_of_a_config_comes_back(self):
        with self.assertRaises(tessera.TesseraError) as refused:
            tessera.check(CONFIG, sets={"sparsity.ratio": 1.5, "hardware.rows": 0})
        self.assertEqual(refused.exception.code, 2)
        self.assertIn("sparsity.ratio", str(refused.exception))
        self.assertIn("hardware.rows", str(refused.exception))
        with self.assertRaises(tessera.TesseraError) as refused:
            tessera.run(CONFIG, sets={"hardware.tile.reserved": 65000}, progress=False)
        self.assertEqual(refused.exception.code, 3)

    def test_check_gives_plans(self):
        checked = tessera.check(CONFIG)
        self.assertEqual(sorted(checked.plans), ["dense", "sparse"])
        self.assertGreater(checked.plans["dense"]["bound_us"], checked.plans["sparse"]["bound_us"])
        self.assertIn("scheduled and verified", checked.text)

    def test_a_sweep_is_its_table_failures_included(self):
        axes = {"sparsity.ratio": [0, 0.5], "hardware.tile.reserved": [1024, 65000]}
        sweep = tessera.sweep({"base": CONFIG, "axes": axes}, out="sweep", workers=2, progress=False)
        self.assertEqual(sorted(sweep.axes), sorted(axes))
        with open("sweep/table.csv", newline="") as file:
            lines = list(csv.DictReader(file))
        self.assertEqual(len(sweep.points), 4)
        for point, line in zip(sweep.points, lines):
            self.assertEqual(point.status, line["status"])
            self.assertEqual(point.done, line["hardware.tile.reserved"] == "1024")
            if point.done:
                self.assertEqual(point.values["latency_us"], float(line["latency_us"]))
                self.assertIsNone(point.reason)
            else:
                self.assertEqual(point.reason, line["reason"])
        if pandas is not None:
            self.assertEqual(len(sweep.frame()), 2)
            self.assertEqual(len(sweep.frame(done=False)), 4)

    def test_reports_of_results_and_sweeps(self):
        result = tessera.run(CONFIG, report="one.html", progress=False)
        page = tessera.report(result, result, out="two.html")
        for file in ("one.html", page):
            self.assertIn('id="tessera-data"', pathlib.Path(file).read_text())
        with self.assertRaises(ValueError):
            tessera.report(tessera.read_result(result.folder / "result.json"), out="none.html")

    def test_what_the_program_explains(self):
        self.assertIn("No schedule of the network beats it", tessera.explain("bound_us"))
        said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
        self.assertEqual(tessera.version(), said)

    def test_a_program_that_is_not_there(self):
        os.environ["TESSERA"] = "/nowhere/tessera"
        self.addCleanup(os.environ.__setitem__, "TESSERA", PROGRAM)
        with self.assertRaises(FileNotFoundError):
            tessera.version()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
