"""A layers model of TensorFlow.js as an ONNX file, opset 13, float32, channels first: the layers that image networks of
Keras consist of. Weights may be stored as bytes with a scale and a least value."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax"}
DTYPES = {"float32": np.float32, "uint8": np.uint8, "uint16": np.uint16}


def read_weights(manifest, data):
    """Arrays by name, of the parts of a weights manifest and the bytes of all its files."""
    weights, at = {}, 0
    for part in manifest:
        for spec in part["weights"]:
            stored = spec.get("quantization", {"dtype": spec["dtype"]})
            dtype = np.dtype(DTYPES[stored["dtype"]])
            count = int(np.prod(spec["shape"]))
            values = np.frombuffer(data, dtype, count, at).astype(np.float32)
            at += count * dtype.itemsize
            if "scale" in stored:
                values = values * np.float32(stored["scale"]) + np.float32(stored["min"])
            weights[spec["name"]] = values.reshape(spec["shape"])
    if at != len(data):
        raise ValueError(f"{len(data)} bytes of weights, the manifest says {at}")
    return weights


class Converter:
    """`shapes` are of the tensors, [channels, height, width] or [features]."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.shapes = weights, [], [], {}

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op, name, inputs, shape, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name + ".out"], name, **attributes))
        self.shapes[name + ".out"] = shape
        return name + ".out"

    def window(self, config, size, shape):
        """Pads and shape after a window of `size` with the strides and the padding of the layer."""
        strides, pads, out = config["strides"], [], []
        for side, kernel, stride in zip(shape[1:], size, strides):
            same = config["padding"] == "same"
            count = -(-side // stride) if same else (side - kernel) // stride + 1
            pad = max((count - 1) * stride + kernel - side, 0) if same else 0
            pads.append((pad // 2, pad - pad // 2))
            out.append(count)
        return {"strides": strides, "pads": [p[0] for p in pads] + [p[1] for p in pads], "kernel_shape": size}, out

    def activation(self, name, kind, x):
        if kind == "linear":
            return x
        if kind not in ACTIVATIONS:
            raise ValueError(f"{name}: activation {kind} has no rule; there are linear, {', '.join(ACTIVATIONS)}")
        return self.add(ACTIVATIONS[kind], name + ".act", [x], self.shapes[x])

    def conv2d(self, name, config, x):
        kernel = self.weights[name + "/kernel"].transpose(3, 2, 0, 1)
        attributes, out = self.window(config, config["kernel_size"], self.shapes[x])
        inputs = [x, self.constant(name + ".weight", kernel)]
        if config["use_bias"]:
            inputs.append(self.constant(name + ".bias", self.weights[name + "/bias"]))
        y = self.add("Conv", name, inputs, [len(kernel), *out], **attributes)
        return self.activation(name, config["activation"], y)

    def batch_normalization(self, name, config, x):
        channels = self.shapes[x][0]
        values = {
            "gamma": self.weights.get(name + "/gamma", np.ones(channels, np.float32)),
            "beta": self.weights.get(name + "/beta", np.zeros(channels, np.float32)),
            "mean": self.weights[name + "/moving_mean"],
            "variance": self.weights[name + "/moving_variance"],
        }
        inputs = [x] + [self.constant(f"{name}.{what}", array) for what, array in values.items()]
        return self.add("BatchNormalization", name, inputs, self.shapes[x], epsilon=config["epsilon"])

    def pooling(self, op, name, config, x):
        attributes, out = self.window(config, config["pool_size"], self.shapes[x])
        return self.add(op, name, [x], [self.shapes[x][0], *out], **attributes)

    def dense(self, name, config, x):
        """The features before a Flatten are in the order height, width, channels there, channels first here."""
        kernel = self.weights[name + "/kernel"]
        if len(self.shapes[x]) == 3:
            channels, height, width = self.shapes[x]
            kernel = kernel.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
            x = self.add("Flatten", name + ".flatten", [x], [int(np.prod(self.shapes[x]))], axis=1)
        inputs = [
            x,
            self.constant(name + ".weight", kernel.T),
            self.constant(name + ".bias", self.weights[name + "/bias"]),
        ]
        y = self.add("Gemm", name, inputs, [kernel.shape[1]], transB=1)
        return self.activation(name, config["activation"], y)

    def layer(self, kind, name, config, inputs):
        x = inputs[0]
        if kind == "Conv2D":
            return self.conv2d(name, config, x)
        if kind == "BatchNormalization":
            return self.batch_normalization(name, config, x)
        if kind in ("MaxPooling2D", "AveragePooling2D"):
            return self.pooling("MaxPool" if kind[0] == "M" else "AveragePool", name, config, x)
        if kind == "Dense":
            return self.dense(name, config, x)
        if kind == "Activation":
            return self.activation(name, config["activation"], x)
        if kind in ("Dropout", "Flatten"):
            return x
        if kind == "Add":
            return self.add("Add", name, inputs, self.shapes[x])
        if kind == "Concatenate":
            channels = sum(self.shapes[i][0] for i in inputs)
            return self.add("Concat", name, inputs, [channels, *self.shapes[x][1:]], axis=1)
        if kind == "MultiplyBeta":
            beta = self.constant(name + ".beta", np.array(config["beta"], np.float32))
            return self.add("Mul", name, [x, beta], self.shapes[x])
        if kind == "PixelShuffle2x":
            channels, height, width = self.shapes[x]
            out = [channels // 4, 2 * height, 2 * width]
            return self.add("DepthToSpace", name, [x], out, blocksize=2, mode="DCR")
        raise ValueError(f"{name}: layer {kind} has no rule")


def convert(model, data, size):
    """`model` is the parsed JSON; the image has `size` = (height, width) pixels."""
    config = model["modelTopology"]["model_config"]["config"]
    converter, outputs = Converter(read_weights(model["weightsManifest"], data)), {}
    for layer in config["layers"]:
        name, kind = layer["config"]["name"], layer["class_name"]
        if kind == "InputLayer":
            outputs[name], channels = name, layer["config"]["batch_input_shape"][3]
            converter.shapes[name] = [channels, *size]
            continue
        inputs = [outputs[node[0]] for node in layer["inbound_nodes"][0]]
        outputs[name] = converter.layer(kind, name, layer["config"], inputs)
    ends = [[outputs[end[0]] for end in config[which]] for which in ("input_layers", "output_layers")]
    tensors = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *converter.shapes[name]]) for name in names]
        for names in ends
    ]
    graph = helper.make_graph(converter.nodes, config["name"], *tensors, converter.constants)
    onnx_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(onnx_model)
    return onnx_model
