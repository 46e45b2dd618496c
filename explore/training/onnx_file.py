"""Folded networks as ONNX files, opset 13: in float, and in int8 with QuantizeLinear / DequantizeLinear (QDQ)."""
import gzip

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper


class Graph:
    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op, name, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], name, **attributes))
        return output

    def write(self, path, side, output):
        graph = helper.make_graph(
            self.nodes,
            "resnet",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, side, side])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", 10])],
            self.initializers,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8, producer_name="explore/training"
        )
        onnx.checker.check_model(model)
        data = model.SerializeToString()
        with open(path, "wb") as file:
            file.write(gzip.compress(data, 9, mtime=0) if path.endswith(".gz") else data)


def operation(graph, node, inputs, output):
    """The operation without its relu; the node has the name of the layer."""
    if node.op == "conv":
        side = node.weight.shape[2]
        return graph.add(
            "Conv",
            node.name,
            inputs,
            output,
            kernel_shape=[side, side],
            pads=[side // 2] * 4,
            strides=[node.stride] * 2,
            dilations=[1, 1],
            group=1,
        )
    if node.op == "gemm":
        return graph.add("Gemm", node.name, inputs, output, alpha=1.0, beta=1.0, transB=1)
    if node.op == "mean":
        return graph.add("ReduceMean", node.name, inputs, output, axes=[2, 3], keepdims=0)
    return graph.add("Add", node.name, inputs, output)


def array(tensor, dtype):
    return np.ascontiguousarray(tensor.detach().cpu().numpy().astype(dtype))


def write_float(nodes, path, side):
    graph, value_of = Graph(), {"x": "x"}
    for node in nodes:
        inputs = [value_of[name] for name in node.inputs]
        if node.weight is not None:
            inputs += [
                graph.constant(f"{node.name}.{what}", array(tensor, np.float32))
                for what, tensor in (("weight", node.weight), ("bias", node.bias))
            ]
        output = "y" if node is nodes[-1] else node.name + ".out"
        value_of[node.name] = operation(graph, node, inputs, node.name + ".sum" if node.relu else output)
        if node.relu:
            value_of[node.name] = graph.add("Relu", node.name + ".relu", [value_of[node.name]], output)
    graph.write(path, side, "y")


def write_integer(network, path, side):
    """`network` is an IntegerNetwork. A relu stands between two quantizations of the same scale."""
    graph = Graph()

    def constants(name, dtype, scale):
        scale = np.asarray(scale, np.float32)
        return [
            graph.constant(name + "_scale", scale),
            graph.constant(name + "_zero_point", np.zeros(scale.shape, dtype)),
        ]

    def stored(name, integers, dtype, scales):
        """One scale per output channel, the first axis, or one for all."""
        scales = scales.cpu().numpy() if network.per_channel else scales[0].item()
        parts = constants(name, dtype, scales)
        axis = {"axis": 0} if network.per_channel else {}
        return graph.add(
            "DequantizeLinear",
            name + "_dequantize",
            [graph.constant(name + "_quantized", array(integers, dtype))] + parts,
            name,
            **axis,
        )

    def requantized(name, value, scale, output):
        parts = constants(name, np.int8, scale)
        graph.add("QuantizeLinear", name + "_quantize", [value] + parts, name + ".int8")
        return graph.add("DequantizeLinear", name + "_dequantize", [name + ".int8"] + parts, output)

    value_of = {"x": requantized("x", "x", network.scales["x"], "x.real")}
    for node in network.nodes:
        inputs, scale = [value_of[name] for name in node.inputs], network.scales[node.name]
        if node.weight is not None:
            scales = network.weight_scales[node.name]
            inputs += [
                stored(node.name + ".weight", network.weights[node.name], np.int8, scales),
                stored(
                    node.name + ".bias", network.biases[node.name], np.int32, scales * network.scales[node.inputs[0]]
                ),
            ]
        value = operation(graph, node, inputs, node.name + ".sum")
        if node.relu:
            value = graph.add(
                "Relu",
                node.name + ".relu",
                [requantized(value, value, scale, node.name + ".sum_real")],
                node.name + ".positive",
            )
        value_of[node.name] = requantized(
            node.name, value, scale, "y" if node is network.nodes[-1] else node.name + ".real"
        )
    graph.write(path, side, "y")


def read_float(path):
    """Weights and biases by layer name, of a file that `write_float` wrote."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        graph = onnx.load_from_string(file.read()).graph
    return {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
