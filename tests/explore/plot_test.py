#!/usr/bin/env python3
"""Does `plot.py` draw every figure that a sweep supports, and are the files fit for print?   plot_test.py PLOT_FOLDER

A made-up sweep stands in: its latencies are a formula, so the data beside the figures can be checked."""
import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PLOT = os.path.abspath(sys.argv.pop(1))
COLUMNS = ("status reason dense_status network_name rows cols cores latency_us dense_latency_us speedup weight_bytes "
           "program_hash key energy_uj").split()


def latency(network, cores, ratio, block):
    return {"resnet50": 20000, "vgg16": 90000, "inception_v3": 30000}[network] / cores ** 0.8 * (
        1 - ratio * (0.95 if block == "8x8" else 0.6))


def write_sweep(folder, shapes, blocks, ratios, extra=None):
    rows = []
    for network in ("resnet50", "vgg16", "inception_v3"):
        for r, c in shapes:
            for block in blocks:
                for ratio in ratios:
                    for value in (extra[1] if extra else [None]):
                        slow = 1 if value is None else 1 + 8 / value
                        sparse, dense = latency(network, r * c, ratio, block) * slow, latency(network, r * c, 0, block) * slow
                        row = [len(rows) + 1, network, r, c, block, ratio] + ([value] if extra else [])
                        rows.append(row + ["done", "", "done", network, r, c, r * c, sparse, dense, dense / sparse,
                                           int(25e6 * (1 - ratio)), "0", f"k{len(rows)}", 900 * (1 - ratio) + 2 * r * c])
    failed = list(rows[-1])
    failed[0], failed[-14] = len(rows) + 1, "does_not_fit"
    failed[-7:-3] = ["", "", "", ""]
    failed[-1] = ""
    axes = ["network", "hardware.rows", "hardware.cols", "sparsity.block", "sparsity.ratio"] + ([extra[0]] if extra else [])
    with open(os.path.join(folder, "table.csv"), "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["point"] + axes + COLUMNS)
        writer.writerows(rows + [failed])
    return rows


def write_store(folder, rows):
    layers = [{"name": f"layer{i}", "op": "conv2d", "start_us": 10 * i, "end_us": 10 * i + 9, "macs": 10 ** 7 * (1 + i % 5),
               "ddr_read_bytes": 10 ** 4 * (1 + i % 7), "ddr_write_bytes": 0,
               "time": {"busy": 90000, "wait_input": 20000, "wait_stream": 500, "idle": 7}} for i in range(54)]
    result = {"cores": 16, "cycles": 550000, "latency_us": 550.0, "hardware.peak_macs_per_cycle": 256,
              "hardware.ddr_bytes_per_cycle": 32}
    store = sqlite3.connect(os.path.join(folder, "store.sqlite"))
    store.execute("CREATE TABLE plan (position INTEGER PRIMARY KEY, key TEXT, baseline TEXT, coordinates TEXT)")
    store.execute("CREATE TABLE runs (key TEXT, status TEXT, result TEXT, layers TEXT)")
    store.execute("INSERT INTO runs VALUES ('dense', 'done', ?, ?)", (json.dumps(result), json.dumps(layers)))
    for row in rows:
        store.execute("INSERT INTO plan (key, baseline) VALUES (?, 'dense')", (row[-2],))
        store.execute("INSERT INTO runs VALUES (?, 'done', ?, ?)", (row[-2], json.dumps(result), json.dumps(layers)))
    store.commit()
    store.close()


def plot(folder, *figures):
    return subprocess.run([sys.executable, os.path.join(PLOT, "plot.py"), folder, *figures], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def held(folder, free, *slices):
    """What the title of a figure of ResNet50 says is held."""
    code = ("import sys; sys.path.insert(0, sys.argv[1]); from sweep_data import Sweep; s = Sweep(sys.argv[2]);"
            "[s.fix(a) for a in sys.argv[4:]]; print(s.slice(sys.argv[3].split(), 'resnet50')[1])")
    return subprocess.run([sys.executable, "-B", "-c", code, PLOT, folder, " ".join(free), *slices], text=True, check=True,
                          stdout=subprocess.PIPE).stdout.strip()


def read(folder, name):
    with open(os.path.join(folder, "figures", name), newline="", encoding="utf-8") as source:
        return list(csv.DictReader(source))


class Figures(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = self.temporary.name

    def tearDown(self):
        self.temporary.cleanup()

    def test_a_full_sweep_gives_every_figure(self):
        shapes = [(r, c) for r in range(2, 9, 2) for c in range(2, 9, 2)]
        rows = write_sweep(self.folder, shapes, ["4x4", "8x8", "16x16"], [0, 0.25, 0.5, 0.75])
        write_store(self.folder, rows)
        done = plot(self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1 points that are not done are left out", done.stderr)
        names = {name.rsplit(".", 1)[0] for name in os.listdir(os.path.join(self.folder, "figures"))}
        each = {f"{figure}_{network}" for figure in ("heatmap", "layers", "roofline")
                for network in ("resnet50", "vgg16", "inception_v3")}
        self.assertEqual(names, each | {"speedup", "arrays", "pareto_cores", "pareto_energy_uj", "pareto_weight_bytes"})
        for name in names:
            for kind in ("pdf", "png", "csv"):
                path = os.path.join(self.folder, "figures", f"{name}.{kind}")
                self.assertGreater(os.path.getsize(path), 100, path)
            with open(os.path.join(self.folder, "figures", name + ".pdf"), "rb") as source:
                pdf = source.read()
            self.assertIn(b"/FontFile2", pdf, name)        # fonts are embedded,
            self.assertNotIn(b"/Subtype /Type3", pdf, name)  # as outlines that publishers accept
        speedup = {(r["network"], r["block"], float(r["ratio"])): float(r["speedup"]) for r in read(self.folder, "speedup.csv")}
        self.assertAlmostEqual(speedup["vgg16", "8x8", 0.5], 1 / (1 - 0.5 * 0.95))
        self.assertAlmostEqual(speedup["vgg16", "4x4", 0.75], 1 / (1 - 0.75 * 0.6))
        front = [r for r in read(self.folder, "pareto_cores.csv") if r["network"] == "resnet50"]
        self.assertEqual(len(front), len({r * c for r, c in shapes}))
        energy = [float(r["energy_mj"]) for r in read(self.folder, "pareto_energy_uj.csv") if r["network"] == "vgg16"]
        self.assertAlmostEqual(min(energy), (900 * 0.25 + 2 * min(r * c for r, c in shapes)) / 1000)
        busy = [r for r in read(self.folder, "layers_vgg16.csv") if r["layer"] == "layer3" and r["density"] == "dense"]
        self.assertAlmostEqual(float(busy[0]["busy_us"]), 90000 / 16 / 1000)
        self.assertAlmostEqual(float(busy[0]["other_us"]), 500 / 16 / 1000)

    def test_what_is_not_shown_is_held_at_the_base_or_the_middle_and_chosen_by_slice(self):
        write_sweep(self.folder, [(2, 2), (4, 4), (8, 8)], ["4x4", "8x8", "16x16"], [0, 0.25, 0.75],
                    ("hardware.memtile.memory.size", [262144, 524288, 1048576]))
        self.assertEqual(held(self.folder, []), "4×4 cores, block 8×8, ratio 75 %, memory tile size 512 KiB")
        with open(os.path.join(self.folder, "axes.json"), "w", encoding="utf-8") as out:
            json.dump({"hardware.rows": {"base": 8, "unit": "rows"}, "hardware.cols": {"base": 8, "unit": "columns"},
                       "sparsity.block": {"base": [16, 16], "unit": "channels"}, "sparsity.ratio": {"base": 0.25, "unit": ""},
                       "hardware.memtile.memory.size": {"base": 65536, "unit": "B"}}, out)
        self.assertEqual(held(self.folder, []), "8×8 cores, block 16×16 channels, ratio 25 %, memory tile size 512 KiB")
        self.assertEqual(held(self.folder, ["sparsity.block"]), "8×8 cores, ratio 25 %, memory tile size 512 KiB")
        self.assertEqual(held(self.folder, [], "hardware.rows=2", "sparsity.block=[4, 4]"),
                         "2×2 cores, block 4×4 channels, ratio 25 %, memory tile size 512 KiB")
        self.assertEqual(held(self.folder, ["sparsity.ratio"], "sparsity.ratio=0"),  # chosen, so held wherever it is shown
                         "8×8 cores, block 16×16 channels, ratio 0 %, memory tile size 512 KiB")
        for wrong, legal in (("sparsity.blok=8x8", "legal keys: network, hardware.rows, hardware.cols, sparsity.block,"),
                             ("sparsity.block=9x9", "legal values of sparsity.block: 4×4, 8×8, 16×16"),
                             ("sparsity.ratio", "legal values of sparsity.ratio: 0, 0.25, 0.75")):
            done = plot(self.folder, "speedup", "--slice", wrong)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(legal, done.stderr)

    def test_repetitions_are_means_with_bars_and_marked_points_are_told(self):
        write_sweep(self.folder, [(4, 4)], ["8x8"], [0, 0.5, 0.75], ("seed", [1, 3]))
        path = os.path.join(self.folder, "table.csv")
        with open(path, newline="", encoding="utf-8") as source:
            rows = list(csv.DictReader(source))
        with open(path, "w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, [*rows[0], "mask_marks"])
            writer.writeheader()
            for row in rows:
                if row["seed"] == "3" and row["speedup"]:
                    row["speedup"] = float(row["speedup"]) * 2
                writer.writerow(dict(row, mask_marks="kept" if row["sparsity.ratio"] == "0.75" else ""))
        done = plot(self.folder, "speedup", "--no-title")
        self.assertEqual(done.returncode, 0, done.stderr)
        for row in read(self.folder, "speedup.csv"):
            least = float(row["least"])
            self.assertAlmostEqual(float(row["most"]), 2 * least)
            self.assertAlmostEqual(float(row["speedup"]), 1.5 * least)
            self.assertEqual(row["marked"], str(int(row["ratio"] == "0.75")))

    def test_another_axis_is_drawn_over_its_values(self):
        write_sweep(self.folder, [(4, 4)], ["8x8"], [0.5], ("hardware.ddr.read_gb_per_s", [1, 2, 4, 8]))
        done = plot(self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        data = read(self.folder, "axis_hardware_ddr_read_gb_per_s.csv")
        self.assertEqual(len(data), 3 * 2 * 4)

    def test_two_runs_give_the_same_files(self):
        write_sweep(self.folder, [(4, 4)], ["8x8"], [0, 0.5, 0.75])
        def content():
            self.assertEqual(plot(self.folder, "speedup").returncode, 0)
            parts = []
            for kind in ("pdf", "png", "csv"):
                with open(os.path.join(self.folder, "figures", "speedup." + kind), "rb") as source:
                    parts.append(source.read())
            return parts
        self.assertEqual(content(), content())

    def test_what_cannot_be_plotted_is_said(self):
        self.assertIn("table.csv: missing", plot(self.folder).stderr)
        write_sweep(self.folder, [(4, 4)], ["8x8"], [0.5])
        self.assertIn("supports no figure", plot(self.folder).stderr)
        wrong = plot(self.folder, "pie")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("pie: unknown figure; there are: speedup,", wrong.stderr)

    def test_a_table_that_is_none_is_refused(self):
        for text in ("", "\x00\xff rubbish", "network_name,status,latency_us\nvgg16,done,3\n"):
            with open(os.path.join(self.folder, "table.csv"), "w", encoding="latin-1") as out:
                out.write(text)
            refused = plot(self.folder)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn("point", refused.stderr)
            self.assertNotIn("Traceback", refused.stderr)

    def test_a_line_starts_at_what_was_measured_without_zeros(self):
        write_sweep(self.folder, [(4, 4)], ["4x4", "8x8"], [0, 0.25, 0.5, 0.75])
        path = os.path.join(self.folder, "table.csv")
        with open(path, newline="", encoding="utf-8") as source:
            lines = source.readlines()
        def starts(keep):
            with open(path, "w", newline="", encoding="utf-8") as out:
                out.writelines(line for line in lines if keep(line))
            self.assertEqual(plot(self.folder, "speedup").returncode, 0)
            return {(r["network"], r["block"]) for r in read(self.folder, "speedup.csv") if float(r["ratio"]) == 0}
        self.assertEqual(len(starts(lambda line: ",4x4,0," not in line)), 6)  # the one of 8x8 stands for both blocks
        self.assertEqual(starts(lambda line: "x4,0," not in line and "x8,0," not in line), set())

    def test_a_published_table_gives_the_figures_it_can(self):
        shapes = [(r, c) for r in range(2, 9, 2) for c in range(2, 9, 2)]
        write_sweep(self.folder, shapes, ["4x4", "8x8"], [0, 0.25, 0.5, 0.75])
        path = os.path.join(self.folder, "table.csv")
        with open(path, newline="", encoding="utf-8") as source:
            rows = list(csv.DictReader(source))
        kept = ("network_name rows cols sparsity.block sparsity.ratio status latency_us dense_latency_us speedup "
                "weight_bytes").split()
        with open(path, "w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, kept, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        done = plot(self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("speedup", "heatmap_vgg16", "arrays", "pareto_cores", "pareto_weight_bytes"):
            self.assertIn(f"/{name}.pdf", done.stdout)
        self.assertIn("layers, roofline: not supported by a table alone", done.stderr)
        self.assertNotIn("does not vary", plot(self.folder, "layers").stderr)

    def test_mechanisms_of_control_are_lines(self):
        latencies = {("none", "random"): 900, ("serial", "random"): 1500, ("serial", "balanced"): 1400}
        lines = [((mechanism, pattern), ratio) for mechanism, pattern in latencies for ratio in (0, 0.25, 0.5)
                 if ratio > 0 or pattern == "random"]  # without a zero block patterns are the same
        axes = ["hardware.controller.mechanism", "sparsity.pattern", "sparsity.ratio"]
        with open(os.path.join(self.folder, "table.csv"), "w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["point"] + axes + COLUMNS)
            for i, (key, ratio) in enumerate(lines):
                dense, sparse = latencies[key[0], "random"], latencies[key] * (1 - ratio)
                writer.writerow([i, *key, ratio, "done", "", "done", "resnet50", 4, 4, 16, sparse, dense, dense / sparse, 1,
                                 "0", f"k{i}", 1])
        done = plot(self.folder, "control")
        self.assertEqual(done.returncode, 0, done.stderr)
        drawn = {(r["mechanism"], r["pattern"], float(r["ratio"])): round(float(r["latency"]), 9)
                 for r in read(self.folder, "control_latency.csv")}
        self.assertEqual(drawn["serial", "balanced", 0], 1.5)  # the one of random stands for both patterns
        self.assertEqual({key: us for key, us in drawn.items() if key[2] > 0},
                         {(*key, ratio): round(latencies[key] * (1 - ratio) / 1000, 9) for key, ratio in lines if ratio > 0})
        speedups = [float(r["speedup"]) for r in read(self.folder, "control_speedup.csv") if r["mechanism"] == "none"]
        self.assertEqual([round(s, 9) for s in speedups], [1, round(1 / 0.75, 9), 2])

    def test_few_scattered_points_make_no_line_and_no_map(self):
        write_sweep(self.folder, [(2, 2), (4, 4), (8, 8)], ["4x4", "8x8", "16x16"], [0, 0.25, 0.5, 0.75])
        path = os.path.join(self.folder, "table.csv")
        with open(path, newline="", encoding="utf-8") as source:
            lines = source.readlines()
        with open(path, "w", newline="", encoding="utf-8") as out:  # per array another block, never three shares of one
            out.writelines([lines[0]] + [line for i, line in enumerate(lines[1:]) if i % 5 == 0])
        done = plot(self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("speedup", done.stdout)
        self.assertNotIn("heatmap", done.stdout)

    def test_a_point_without_its_dense_baseline_is_left_out(self):
        rows = write_sweep(self.folder, [(2, 2), (4, 4)], ["8x8"], [0, 0.25, 0.5, 0.75])
        path = os.path.join(self.folder, "table.csv")
        with open(path, encoding="utf-8") as source:
            text = source.read()
        dense = f",{rows[1][-5]!r},{rows[1][-4]!r},"
        self.assertIn(dense, text)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.replace(dense, ",,,"))
        done = plot(self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
