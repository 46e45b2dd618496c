#!/usr/bin/env python3
"""Are networks of TensorFlow.js read as they are meant?  pretrained_test.py explore/pretrained explore/training

No package is fetched: a small network stands here, with weights as bytes. Skipped without PyTorch or onnx."""
import os
import sys
import tempfile
import unittest

SKIPPED = 77
try:
    import numpy as np
    import onnx
    import torch
    from torch.nn import functional as F
except ImportError as missing:
    print(f"skipped: {missing} (apt-get install python3-torch python3-onnx)")
    sys.exit(SKIPPED)

sys.path[:0] = [os.path.abspath(sys.argv.pop(1)) for _ in range(2)]
import compare  # noqa: E402
import fetch  # noqa: E402
from onnx_module import OnnxModule  # noqa: E402
from tfjs import convert, read_weights  # noqa: E402


def layer(kind, name, inputs, **config):
    node = [[[i, 0, 0, {}] for i in inputs]] if inputs else []
    return {"class_name": kind, "config": {"name": name, **config}, "inbound_nodes": node}


class Network:
    """3x3 convolution with stride 2 and padding `same`, normalized; flattened to a product, whose weights are bytes."""

    def __init__(self):
        random = np.random.default_rng(1)
        self.kernel = random.normal(size=(3, 3, 2, 4)).astype(np.float32)
        self.moving = [random.uniform(0.5, 1.5, 4).astype(np.float32) for _ in range(4)]  # gamma, beta, mean, variance
        self.bytes = random.integers(0, 256, (4 * 3 * 4, 5), dtype=np.uint8)
        self.bias = random.normal(size=5).astype(np.float32)
        names = ["n/gamma", "n/beta", "n/moving_mean", "n/moving_variance"]
        specs = [{"name": "c/kernel", "shape": [3, 3, 2, 4], "dtype": "float32"}]
        specs += [{"name": name, "shape": [4], "dtype": "float32"} for name in names]
        quantized = {"min": -1.5, "scale": 0.01, "dtype": "uint8"}
        specs.append({"name": "d/kernel", "shape": [48, 5], "dtype": "float32", "quantization": quantized})
        specs.append({"name": "d/bias", "shape": [5], "dtype": "float32"})
        parts = [self.kernel, *self.moving, self.bytes, self.bias]
        self.data = b"".join(part.tobytes() for part in parts)
        layers = [
            layer("InputLayer", "x", [], batch_input_shape=[None, None, None, 2]),
            layer(
                "Conv2D",
                "c",
                ["x"],
                kernel_size=[3, 3],
                strides=[2, 2],
                padding="same",
                use_bias=False,
                activation="linear",
            ),
            layer("BatchNormalization", "n", ["c"], epsilon=0.001),
            layer("Activation", "r", ["n"], activation="relu"),
            layer("Flatten", "f", ["r"]),
            layer("Dense", "d", ["f"], activation="softmax"),
        ]
        config = {"name": "small", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]]}
        self.model = {"modelTopology": {"model_config": {"config": config}}, "weightsManifest": [{"weights": specs}]}

    def wanted(self, x):
        """As Keras computes it: of an even side `same` pads at the end; features are flattened with channels last."""
        y = F.conv2d(F.pad(x, (1, 1, 0, 1)), torch.from_numpy(self.kernel).permute(3, 2, 0, 1), stride=2)
        gamma, beta, mean, variance = (torch.from_numpy(v)[:, None, None] for v in self.moving)
        y = F.relu((y - mean) / torch.sqrt(variance + 0.001) * gamma + beta)
        weights = torch.from_numpy(self.bytes.astype(np.float32)) * 0.01 - 1.5
        return (y.permute(0, 2, 3, 1).flatten(1) @ weights + torch.from_numpy(self.bias)).softmax(1)


class Conversion(unittest.TestCase):
    def test_network_computes_what_keras_would(self):
        network = Network()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "small.onnx")
            onnx.save(convert(network.model, network.data, (8, 5)), path)
            x = torch.randn(2, 2, 8, 5)
            with torch.no_grad():
                self.assertLess((OnnxModule(path).eval()(x) - network.wanted(x)).abs().max(), 1e-5)

    def test_missing_bytes_are_refused(self):
        network = Network()
        with self.assertRaises(ValueError):
            read_weights(network.model["weightsManifest"], network.data + b"x")

    def test_layer_without_a_rule_is_refused(self):
        network = Network()
        network.model["modelTopology"]["model_config"]["config"]["layers"][3]["class_name"] = "Warp"
        with self.assertRaisesRegex(ValueError, "r: layer Warp has no rule"):
            convert(network.model, network.data, (8, 5))


class Packages(unittest.TestCase):
    def test_modules_of_data_are_read_without_being_run(self):
        wrapped = "!function(a){a()}({1:[function(r,e,x){e.exports=%s},{}]},{},[1]);"
        value = fetch.module_value(wrapped % '{a:[-.5,1e-3,.25,-2],b_1:!0,c:!1,d:null,"e f":"x:!1,{y}"}')
        self.assertEqual(value, {"a": [-0.5, 0.001, 0.25, -2], "b_1": True, "c": False, "d": None, "e f": "x:!1,{y}"})
        self.assertEqual(fetch.module_value(wrapped % '"QUJD"'), "QUJD")
        with self.assertRaises(ValueError):
            fetch.module_value("alert(1)")

    def test_another_archive_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "some-thing-1.0.0.tgz"), "wb") as file:
                file.write(b"no")
            with self.assertRaisesRegex(SystemExit, "SHA-256 is .* not 00"):
                fetch.fetch("@some/thing@1.0.0", "00", folder)


class Comparison(unittest.TestCase):
    def test_what_is_kept_counts_weights_under_the_mask(self):
        weights = {"a.weight": np.ones((16, 1, 1, 8), np.int8), "a.weight_scale": np.repeat([1.0, 3.0], 8)}
        masks = {"a": np.array([[True], [False]])}
        self.assertEqual(compare.kept(weights, masks), [0.25, 0.1])


if __name__ == "__main__":
    unittest.main()
