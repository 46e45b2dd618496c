#!/usr/bin/env python3
"""Do zero blocks stay zero while a pruned network trains on, of an ONNX file and of a model of one's own?
finetune_test.py FOLDER PROGRAM: explore/training and tessera. Skipped without PyTorch or onnx."""
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

SKIPPED = 77
try:
    import numpy as np
    import onnx
    import torch
    from onnx import helper, numpy_helper
    from torch import nn
except ImportError as missing:
    print(f"skipped: {missing} (apt-get install python3-torch python3-onnx)")
    sys.exit(SKIPPED)

TRAINING, PROGRAM = (os.path.abspath(sys.argv.pop(1)) for _ in range(2))
sys.path.insert(0, TRAINING)
import finetune as program  # noqa: E402
import hold  # noqa: E402
from dataset import synthetic  # noqa: E402
from onnx_module import OnnxModule, layer_name  # noqa: E402

torch.set_num_threads(1)

NET = textwrap.dedent(
    """
    from torch import nn

    def build():
        return nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
            nn.MaxPool2d(7), nn.Flatten(), nn.Linear(32, 10))
    """
)


def network():
    made = {}
    exec(NET, made)
    return made["build"]()


def exported(model, shape, path):
    model.eval()
    torch.onnx.export(model, torch.zeros(1, *shape), path, input_names=["x"], output_names=["y"], opset_version=13)


def finetune(*words):
    return subprocess.run(
        [sys.executable, "-B", os.path.join(TRAINING, "finetune.py"), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


class Attention(nn.Module):
    """What transformers have: a class token, layer normalization, heads, products of activations."""

    def __init__(self):
        super().__init__()
        self.embed, self.token = nn.Conv2d(1, 8, 4, 4), nn.Parameter(torch.randn(1, 1, 8))
        self.norm, self.qkv, self.out = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 5)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), 1)
        q, k, v = self.qkv(self.norm(x)).reshape(x.shape[0], -1, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        y = ((q @ k.transpose(-2, -1)) * 0.5).softmax(-1) @ v
        return self.out((x + y.transpose(1, 2).flatten(2))[:, 0])


class OnnxFiles(unittest.TestCase):
    def same(self, model, shape):
        """Three images through the file, which was made for one, against the model it was made of."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.onnx")
            exported(model, shape, path)
            images = torch.randn(3, *shape)
            with torch.no_grad():
                found, wanted = OnnxModule(path).eval()(images), model(images)
            self.assertLess((found - wanted).abs().max(), 1e-4)

    def test_convolutions_and_pools(self):
        self.same(
            nn.Sequential(
                nn.Conv2d(3, 8, 3, 2, 1),
                nn.Hardswish(),
                nn.Conv2d(8, 8, 5, 1, 2, groups=8),
                nn.ReLU6(),
                nn.MaxPool2d(3, 2, ceil_mode=True),
                nn.ConvTranspose2d(8, 4, 2, 2),
                nn.Sigmoid(),
                nn.AvgPool2d(2),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(4, 3),
            ),
            (3, 23, 19),
        )

    def test_normalization_follows_its_statistics(self):
        model = network()
        model[1].running_mean.normal_()
        model[1].running_var.uniform_(0.5, 2)
        self.same(model, (1, 28, 28))

    def test_attention(self):
        self.same(Attention(), (1, 16, 16))

    def test_layers_are_called_as_tessera_calls_them(self):
        for name, op, wanted in (
            ("/layer1/layer1.0/conv1/Conv", "Conv", "layer1.0.conv1"),
            ("Conv_3", "Conv", "Conv_3"),
            ("/Conv", "Conv", "Conv"),
            ("a b/MatMul", "MatMul", "a_b"),
        ):
            self.assertEqual(layer_name(helper.make_node(op, ["x"], ["y"], name)), wanted)

    def test_what_cannot_be_trained_is_refused_by_node(self):
        with tempfile.TemporaryDirectory() as folder:
            graph = helper.make_graph(
                [helper.make_node("NonMaxSuppression", ["x"], ["y"], "boxes")],
                "g",
                [helper.make_tensor_value_info("x", 1, [1, 2])],
                [helper.make_tensor_value_info("y", 1, [1, 2])],
            )
            path = os.path.join(folder, "m.onnx")
            onnx.save(helper.make_model(graph), path)
            with self.assertRaisesRegex(ValueError, "node 'boxes': NonMaxSuppression cannot be trained"):
                OnnxModule(path)


class Blocks(unittest.TestCase):
    def test_masks_are_spread_over_weights(self):
        mask = np.array([[True, False], [False, True]])
        spread = hold.spread(mask, (8, 8), [10, 12, 3, 3])
        self.assertEqual(spread[:8, :8].all() and spread[8:, 8:].all(), True)
        self.assertEqual(spread[:8, 8:].any() or spread[8:, :8].any(), False)

    def test_flattened_maps_lose_all_pixels_of_a_channel(self):
        spread = hold.spread(np.array([[True, False]]), (8, 8), [4, 16 * 9])
        self.assertEqual(spread[:, : 8 * 9].all(), True)
        self.assertEqual(spread[:, 8 * 9 :].any(), False)

    def test_other_shapes_do_not_fit(self):
        self.assertIsNone(hold.spread(np.ones((2, 2), bool), (8, 8), [16, 17]))

    def test_any_loop_keeps_zeros(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.npz")
            np.savez(path, **{"3": np.array([[1, 0], [0, 1], [1, 1], [0, 0]])})
            model = network()
            self.assertEqual(hold.hold(model, path), {"3": "3.weight"})
            optimizer = torch.optim.Adam(model.parameters(), 0.01, weight_decay=0.1)
            for _ in range(3):
                optimizer.zero_grad()
                model(torch.randn(4, 1, 28, 28)).square().sum().backward()
                optimizer.step()
            hold.release(model)
            kept = hold.spread(np.load(path)["3"].astype(bool), (8, 8), [32, 16, 3, 3])
            self.assertEqual(model[3].weight[~kept].abs().max(), 0)
            self.assertGreater(model[3].weight[kept].abs().min(), 0)
            self.assertEqual(sorted(model.state_dict()), sorted(network().state_dict()))


class Program(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        torch.manual_seed(1)
        cls.model, onnx_file = network(), cls.path("net.onnx")
        exported(cls.model, (1, 28, 28), onnx_file)
        torch.save(cls.model.state_dict(), cls.path("net.pt"))
        with open(cls.path("net.py"), "w", encoding="utf-8") as file:
            file.write(NET)
        for name, seed in (("train", 1), ("test", 2)):
            images, labels = synthetic(320, seed)
            np.savez(cls.path(name + ".npz"), images=images, labels=labels)
        done = subprocess.run(
            [PROGRAM, "prune", onnx_file, "--weight-bytes", "4500", "--out", cls.path("pruned")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        cls.masks = {k: v for k, v in np.load(cls.path("pruned", "masks.npz")).items() if not k.endswith(".block")}
        cls.data = [
            "--images",
            cls.path("train.npz"),
            "--scale",
            "255",
            "--mean",
            "0.286",
            "--std",
            "0.353",
            "--rate",
            "0.05",
        ]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @classmethod
    def path(cls, *parts):
        return os.path.join(cls.folder, *parts)

    def test_file_of_the_folder(self):
        out = self.path("tuned")
        done = finetune(
            self.path("pruned"),
            *self.data,
            "--test-images",
            self.path("test.npz"),
            "--epochs",
            "4",
            "--batch",
            "32",
            "--out",
            out,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(out, "result.json"), encoding="utf-8") as file:
            result = json.load(file)
        self.assertGreater(result["top1"], result["top1_before"] + 10, done.stdout)
        self.assertEqual(set(result["held"]), set(self.masks))
        before, after = (
            onnx.load(path) for path in (self.path("pruned", "model.onnx"), os.path.join(out, "model.onnx"))
        )
        changed = zeros = 0
        for old, new in zip(before.graph.initializer, after.graph.initializer):
            old, new = numpy_helper.to_array(old), numpy_helper.to_array(new)
            changed += (old != new).sum()
            if old.ndim > 1:
                zeros += (old == 0).sum()
                self.assertTrue((new[old == 0] == 0).all())
        self.assertGreater(changed, 0)
        self.assertGreater(zeros, 1000)
        told = subprocess.run(
            [PROGRAM, "check", os.path.join(out, "model.onnx")], capture_output=True, text=True, check=False
        )
        self.assertIn("% of all 8x8 blocks are zero", told.stdout, told.stderr)

    def test_model_of_ones_own(self):
        """Called otherwise than the layers of the file, so that names are given."""
        names = dict(zip(self.masks, ("3.weight", "7.weight")))
        with open(self.path("names.json"), "w", encoding="utf-8") as file:
            json.dump(names, file)
        out = self.path("own")
        done = finetune(
            self.path("pruned", "masks.npz"),
            *self.data,
            "--epochs",
            "1",
            "--out",
            out,
            "--model",
            self.path("net.py") + ":build",
            "--weights",
            self.path("net.pt"),
            "--names",
            self.path("names.json"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        state = torch.load(os.path.join(out, "weights.pt"))
        for layer, parameter in names.items():
            kept = hold.spread(self.masks[layer], (8, 8), list(state[parameter].shape))
            self.assertEqual(state[parameter][~kept].abs().sum(), 0)
            self.assertGreater((state[parameter] != self.model.state_dict()[parameter]).sum(), 0)
        self.assertTrue(os.path.exists(os.path.join(out, "model.onnx")), done.stderr)

    def refused(self, *words):
        """What is said, in this process: PyTorch takes its time to start."""
        said, sys.argv[1:] = io.StringIO(), [*words, "--out", self.path("refused")]
        with self.assertRaises(SystemExit) as end, contextlib.redirect_stderr(said):
            program.main()
        self.assertEqual((end.exception.code, os.path.exists(self.path("refused"))), (2, False), said.getvalue())
        return said.getvalue()

    def test_wrong_words_are_refused(self):
        pruned, own = self.path("pruned"), ["--model", self.path("net.py") + ":build"]
        other = self.path("other.npz")
        np.savez(other, **{"3": np.ones((3, 3), bool), "far": np.ones((1, 1), bool), "7": np.full((2, 4), 2)})
        self.assertIn("7: values other than 0 and 1", self.refused(other, *self.data, *own))
        np.savez(other, **{"3": np.ones((3, 3), bool), "far": np.ones((1, 1), bool)})
        said = self.refused(other, *self.data, *own)
        self.assertIn("3: 3 x 3 blocks of 8x8 are not those of 3.weight with 32 x 16 channels", said)
        self.assertIn("far: the model has no parameter far.weight; weights are 0.weight, 3.weight, 7.weight", said)
        self.assertIn("nowhere/masks", self.refused(self.path("nowhere", "masks.npz"), *self.data, *own))
        self.assertIn("no model.onnx in it", self.refused(other, *self.data))
        self.assertIn(
            "no attribute 'nothing'", self.refused(pruned, *self.data, "--model", self.path("net.py") + ":nothing")
        )
        self.assertIn("--mean: 'x'; legal: a number", self.refused(pruned, *self.data, "--mean", "x"))
        self.assertIn("--epochs: 0; legal: above 0", self.refused(pruned, *self.data, "--epochs", "0"))

    def test_data_of_another_network_are_refused(self):
        images, labels = synthetic(4, 1)
        wrong = self.path("wrong.npz")
        for arrays, said in (
            ({"images": images, "labels": labels + 9}, "but the model makes scores of shape [10]"),
            ({"images": images, "labels": labels[:3]}, "labels of shape [3]"),
            ({"images": np.stack([images] * 3, 1), "labels": labels}, "images of [3, 28, 28] are not the model's"),
            ({"labels": labels}, "no array 'images'"),
        ):
            np.savez(wrong, **arrays)
            self.assertIn(said, self.refused(self.path("pruned"), "--images", wrong))

    def test_nan_weights_are_refused(self):
        folder = self.path("nan")
        shutil.copytree(self.path("pruned"), folder)
        model = onnx.load(os.path.join(folder, "model.onnx"))
        tensor = next(t for t in model.graph.initializer if len(t.dims) == 4)
        array = numpy_helper.to_array(tensor).copy()
        array.flat[0] = np.nan
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        onnx.save(model, os.path.join(folder, "model.onnx"))
        self.assertIn("are no numbers", self.refused(folder, *self.data))


if __name__ == "__main__":
    unittest.main()
