#!/usr/bin/env python3
"""Does a tiny experiment train, prune, hold its masks, resume and export, and is the integer network exact?
training_test.py TRAINING_FOLDER. Skipped (77) without PyTorch or onnx."""
import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TRAINING = os.path.abspath(sys.argv.pop(1))
TINY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tiny.json")
sys.path.insert(0, TRAINING)
try:
    import numpy as np
    import onnx  # noqa: F401
    import torch
except ImportError as missing:
    print(missing)
    sys.exit(77)

import experiment  # noqa: E402
import finetune_runs  # noqa: E402
import gradients  # noqa: E402
import masks as block_masks  # noqa: E402
from dataset import read_idx  # noqa: E402
from integer import KINDS, IntegerNetwork  # noqa: E402
from onnx_file import read_float  # noqa: E402
from resnet import ResNet, compute, fold, unfold  # noqa: E402

torch.set_num_threads(1)
FINE_TUNED = "8x8_0.5_uniform_l1_fine_tune_s1"


def call(module, *arguments):
    """Runs a program's main; returns what it printed."""
    saved, sys.argv = sys.argv, [module.__name__, *arguments]
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            module.main()
    finally:
        sys.argv = saved
    return out.getvalue()


def random_network(widths=(8, 16)):
    torch.manual_seed(3)
    model = ResNet(list(widths), 1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)
    return model.eval()


class Experiment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.out = os.path.join(cls.folder, "out")
        cls.said = call(experiment, TINY, "--out", cls.out)
        with open(os.path.join(cls.out, "accuracy.csv"), encoding="utf-8") as file:
            cls.rows = {row["run"]: row for row in csv.DictReader(file)}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_every_run_has_a_row(self):
        self.assertEqual(len(self.rows), 6, self.said)
        self.assertAlmostEqual(float(self.rows[FINE_TUNED]["zero_share"]), 0.5)
        for row in self.rows.values():
            for kind in KINDS:
                self.assertTrue(0 <= float(row[kind + "_top1"]) <= 100)

    def test_exported_weights_are_zero_where_masks_are(self):
        weights = read_float(os.path.join(self.out, "onnx", FINE_TUNED + ".onnx.gz"))
        for name, mask in np.load(os.path.join(self.out, "masks", FINE_TUNED + ".npz")).items():
            spread = block_masks.elementwise(torch.from_numpy(mask), weights[name + ".weight"])
            self.assertEqual(weights[name + ".weight"][~spread].abs().sum(), 0, name)
            self.assertGreater(weights[name + ".weight"][spread].abs().min(), 0, name)

    def test_second_call_trains_nothing(self):
        before = os.stat(os.path.join(self.out, "rows.jsonl")).st_mtime_ns
        self.assertIn("6 runs done, 0 left", call(experiment, TINY, "--out", self.out))
        self.assertEqual(os.stat(os.path.join(self.out, "rows.jsonl")).st_mtime_ns, before)

    def test_stopped_training_ends_as_if_it_had_not_been(self):
        """A dense training that dies after its first epoch goes on from the checkpoint."""
        out = os.path.join(self.folder, "stopped")
        program = (
            "import sys, experiment; sys.argv[1:] = %r; once = experiment.os.replace\n"
            "def die(*paths): once(*paths); experiment.os._exit(9)\n"
            "experiment.os.replace = die; experiment.main()" % [TINY, "--out", out]
        )
        done = subprocess.run([sys.executable, "-B", "-c", program], cwd=TRAINING, check=False)
        self.assertEqual(done.returncode, 9)
        self.assertEqual(os.listdir(os.path.join(out, "state")), ["dense_checkpoint.pt"])
        call(experiment, TINY, "--out", out, "--minutes", "0")
        for seed in (1, 2):
            whole, resumed = (torch.load(os.path.join(f, "state", f"dense_s{seed}.pt")) for f in (self.out, out))
            self.assertTrue(all(torch.equal(whole[name], resumed[name]) for name in whole))

    def test_masks_of_a_file_are_held(self):
        out, masks = os.path.join(self.folder, "tuned"), os.path.join(self.out, "masks", FINE_TUNED + ".npz")
        call(
            finetune_runs,
            TINY,
            "--out",
            out,
            "--run",
            "mine",
            "1",
            os.path.join(self.out, "onnx", "dense_s1.onnx.gz"),
            masks,
        )
        found, wanted = np.load(os.path.join(out, "masks", "mine.npz")), np.load(masks)
        weights = read_float(os.path.join(out, "onnx", "mine.onnx.gz"))
        for name, mask in wanted.items():
            self.assertTrue((found[name] == mask).all())
            spread = block_masks.elementwise(torch.from_numpy(mask), weights[name + ".weight"])
            self.assertEqual(weights[name + ".weight"][~spread].abs().sum(), 0, name)

    def test_runs_of_a_table_hold_masks_in_steps_and_of_the_classifier(self):
        """Two schedules; masks of a folder of `tessera prune`, which has the classifier's and tells block sizes."""
        pruned = os.path.join(self.folder, "pruned")
        os.makedirs(pruned, exist_ok=True)
        masks = dict(np.load(os.path.join(self.out, "masks", FINE_TUNED + ".npz")))
        masks["fc"] = np.array([[True, False, True, True], [False, True, True, True]])
        np.savez(os.path.join(pruned, "masks.npz"), **masks, **{"fc.block": np.array([8, 8])})
        out, table = os.path.join(self.folder, "table"), os.path.join(self.folder, "runs.csv")
        weights = os.path.join(self.out, "onnx", "dense_s1.onnx.gz")
        with open(table, "w", encoding="utf-8") as file:
            file.write("run,seed,schedule,weights,masks,allocation\n")
            for schedule in ("fine_tune", "gradual"):
                file.write(f"{schedule},1,{schedule},{weights},{pruned},mine\n")
        call(finetune_runs, TINY, "--out", out, "--runs", table, "--keep", "gradual")
        with open(os.path.join(out, "accuracy.csv"), encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row["run"], row["allocation"], row["epochs"]) for row in rows],
                         [("fine_tune", "mine", "1"), ("gradual", "mine", "2")])
        found = read_float(os.path.join(out, "onnx", "gradual.onnx.gz"))
        zeros = 0
        for name, mask in masks.items():
            weight = found[name + ".weight"]
            spread = block_masks.elementwise(torch.from_numpy(mask), weight)
            self.assertEqual(weight[~spread].abs().sum(), 0, name)
            zeros += (~spread).sum().item()
        share = zeros / sum(found[name + ".weight"].numel() for name in masks)
        self.assertAlmostEqual(float(rows[1]["zero_share"]), share, 2)

    def test_gradients_are_of_the_loss(self):
        """Of batches of one image the root of the mean square, against a difference quotient."""
        nodes = fold(random_network())
        images, labels = torch.randn(2, 1, 28, 28), torch.tensor([3, 7])
        node = nodes[1]
        with torch.no_grad():
            wanted = 0.0
            for i in range(2):
                values = []
                for step in (-1e-3, 1e-3):
                    node.weight[0, 0, 1, 1] += step
                    logits = compute(nodes, images[i : i + 1])
                    values.append(torch.nn.functional.cross_entropy(logits, labels[i : i + 1]).item())
                    node.weight[0, 0, 1, 1] -= step
                wanted += ((values[1] - values[0]) / 2e-3) ** 2 / 2
        found = gradients.root_mean_square(nodes, images, labels, 1)
        self.assertAlmostEqual(found[node.name][0, 0, 1, 1].item(), wanted**0.5, delta=0.02 * wanted**0.5 + 1e-5)
        self.assertEqual(gradients.channels_last(found[node.name]).shape, (8, 3, 3, 8))
        self.assertEqual(gradients.channels_last(found["fc"]).shape, (10, 1, 1, 16))

    def test_unknown_keys_and_choices_are_refused_together(self):
        with open(TINY, encoding="utf-8") as file:
            config = json.load(file)
        config["colour"], config["prune"][0]["importance"] = 1, "l7"
        path = os.path.join(self.folder, "bad.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        with self.assertRaises(SystemExit) as refused:
            experiment.read_config(path)
        self.assertIn("colour: unknown key", str(refused.exception))
        self.assertIn("'l7'; legal: l1, l2", str(refused.exception))


class Masks(unittest.TestCase):
    def test_least_important_blocks_go(self):
        weight = torch.tensor([[1.0, 2, 5, 5], [1, 2, 5, 5], [9, 9, 3, 0], [9, 9, 0, 0]])[:, :, None, None]
        self.assertEqual(block_masks.block_importance(weight, (2, 2), "l1").tolist(), [[6, 20], [36, 3]])
        self.assertEqual(block_masks.block_importance(weight, (2, 2), "l2").tolist(), [[10, 100], [324, 9]])
        mask = block_masks.without_least(block_masks.block_importance(weight, (2, 2), "l1"), 2)
        self.assertEqual(mask.tolist(), [[False, True], [True, False]])

    def test_part_of_a_mask_leaves_out_the_least_first(self):
        weight = torch.tensor([[4.0, 1, 3, 2]])
        mask = torch.tensor([[True, False, False, False]])
        self.assertEqual(block_masks.partly(mask, weight, 0).tolist(), [[True] * 4])
        self.assertEqual(block_masks.partly(mask, weight, 2 / 3).tolist(), [[True, False, True, False]])
        self.assertEqual(block_masks.partly(mask, weight, 1).tolist(), mask.tolist())

    def test_global_shares_meet_the_work_that_is_left(self):
        nodes = fold(random_network((16, 32)))
        macs = {node.name: 1000 * node.weight[0].numel() for node in nodes if node.weight is not None}
        masks = block_masks.global_masks(nodes, macs, (8, 8), 0.5, "l2", 0.1)
        prunable = {name: macs[name] for name in masks}
        self.assertAlmostEqual(block_masks.kept_work(prunable, masks), 0.5, delta=0.05)
        self.assertTrue(all(mask.any() for mask in masks.values()))

    def test_masks_of_another_network_are_refused_by_name(self):
        nodes = fold(random_network())
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.npz")
            np.savez(path, **{"l1.0.c1": np.ones((3, 1), bool), "layer9": np.ones((1, 1), bool)})
            with self.assertRaisesRegex(ValueError, "l1.0.c1: shape .*\n.*layer9: no layer"):
                block_masks.read_masks(path, nodes)


class Integer(unittest.TestCase):
    def test_sums_are_those_of_plain_loops(self):
        nodes = fold(random_network())
        network = IntegerNetwork(nodes, torch.randn(4, 1, 8, 8), "int8")
        node = next(n for n in nodes if n.name == "l2.0.c1")  # stride 2
        x = torch.randint(-128, 128, (1, 8, 5, 5)).float()
        got = (
            network.real_sums(node, x)[0]
            / (network.weight_scales[node.name] * network.scales[node.inputs[0]])[:, None, None]
        )
        w, padded = network.weights[node.name].long(), torch.nn.functional.pad(x.long(), (1, 1, 1, 1))[0]
        for channel in range(w.shape[0]):
            for y in range(3):
                for z in range(3):
                    wanted = (w[channel] * padded[:, 2 * y : 2 * y + 3, 2 * z : 2 * z + 3]).sum() + network.biases[
                        node.name
                    ][channel]
                    self.assertAlmostEqual(
                        got[channel, y, z].item(), wanted.item(), delta=1e-6 * abs(wanted.item()) + 1e-6
                    )

    def test_close_to_floating_point(self):
        nodes, images = fold(random_network()), torch.randn(16, 1, 12, 12)
        real = compute(nodes, images)
        error = {}
        for kind in KINDS:
            network = IntegerNetwork(nodes, images, kind)
            error[kind] = ((network.logits(images) * network.scales["fc"] - real).norm() / real.norm()).item()
        self.assertLess(error["int8"], 0.05)
        self.assertLess(error["int8"], error["int8_power_of_two"])

    def test_folding_and_back_keep_the_function(self):
        model, images = random_network(), torch.randn(32, 1, 12, 12)
        with torch.no_grad():
            wanted, nodes = model(images), fold(model)
            self.assertLess((compute(nodes, images) - wanted).abs().max(), 1e-4)
            values = {f"{n.name}.{k}": getattr(n, k) for n in nodes if n.weight is not None for k in ("weight", "bias")}
            again = ResNet([8, 16], 1)
            unfold(again, values, images)
            self.assertLess((again.eval()(images) - wanted).abs().max(), 1e-3)


class Data(unittest.TestCase):
    def test_cut_idx_file_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "cut")
            with open(path, "wb") as file:
                file.write(b"\0\0\x08\x01\0\0\0\x05abc")
            with self.assertRaisesRegex(ValueError, "3 bytes, but its header says 5"):
                read_idx(path)


if __name__ == "__main__":
    unittest.main()
