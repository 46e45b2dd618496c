"""An ONNX file as a PyTorch model: its nodes in their order, its weights as parameters that can be trained and written
back. Float networks of one input; what is fixed to one image in the file takes any number of them."""
import gzip

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

from onnx_operators import OPERATORS, attributes

# Inputs that are trained: by operator, their positions.
TRAINED = {
    "Conv": (1, 2),
    "ConvTranspose": (1, 2),
    "Gemm": (0, 1, 2),
    "MatMul": (0, 1),
    "BatchNormalization": (1, 2),
    "LayerNormalization": (1, 2),
    "InstanceNormalization": (1, 2),
    "PRelu": (1,),
    "Add": (0, 1),
    "Mul": (0, 1),
}


def layer_name(node):
    """As `tessera import` calls the layer: "/layer1/layer1.0/conv1/Conv" is layer1.0.conv1."""
    parts = [part for part in node.name.split("/") if part]
    if len(parts) > 1 and parts[-1] == node.op_type:
        parts.pop()
    kept = [part for part, after in zip(parts, parts[1:] + [""]) if not after.startswith(part + ".")]
    return "".join("_" if c.isspace() or not c.isprintable() else c for c in ".".join(kept))


def load(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        return onnx.load_from_string(file.read())


class Tensor(nn.Module):
    """One initializer that is trained."""

    def __init__(self, values):
        super().__init__()
        self.value = nn.Parameter(values)


class OnnxModule(nn.Module):
    """`file` is the parsed file; `write` gives it back with the weights as they are."""

    def __init__(self, path):
        super().__init__()
        self.path, self.file = path, load(path)
        graph = self.file.graph
        self.place, self.constants = {}, {}  # of trained tensors in `tensors`; of others by name
        self.tensors = nn.ModuleList()
        self.refuse_what_is_not_known()
        arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        trained = {n.input[i] for n in graph.node for i in TRAINED.get(n.op_type, ()) if i < len(n.input)}
        for name, array in arrays.items():
            values = torch.from_numpy(np.array(array))
            if name in trained and values.is_floating_point() and values.numel() > 1:
                self.place[name] = len(self.tensors)
                self.tensors.append(Tensor(values.float()))
            else:
                self.constants[name] = f"constant_{len(self.constants)}"
                self.register_buffer(self.constants[name], values)
        image = next(value for value in graph.input if value.name not in arrays)
        first = image.type.tensor_type.shape.dim[0]
        self.input, self.output = image.name, graph.output[0].name
        self.images_in_file = first.dim_value  # 0: any number
        self.images = 0  # that are computed now
        self.elements = {}  # of what a Reshape reads, for one image, by its output

    def device(self):
        return self.tensors[0].value.device

    def refuse_what_is_not_known(self):
        graph = self.file.graph
        unknown = sorted({n.op_type for n in graph.node} - set(OPERATORS))
        named = {tensor.name for tensor in graph.initializer}
        inputs = [value.name for value in graph.input if value.name not in named]
        problems = []
        for op in unknown:
            node = next(n for n in graph.node if n.op_type == op)
            problems.append(f"{self.path}: node '{node.name}': {op} cannot be trained; legal: {', '.join(OPERATORS)}")
        if len(inputs) != 1:
            problems.append(f"{self.path}: inputs {', '.join(inputs)}; legal: a network of one input")
        if problems:
            raise ValueError("\n".join(problems))

    def weights_of_layer(self, layer):
        """(parameter, whether it is [input][output]) of the weights of a layer of masks; None: there is none."""
        for node in self.file.graph.node:
            if layer_name(node) != layer or node.op_type not in ("Conv", "Gemm", "MatMul"):
                continue
            if len(node.input) > 1 and node.input[1] in self.place:
                turned = node.op_type == "MatMul" or node.op_type == "Gemm" and not attributes(node).get("transB", 0)
                return f"tensors.{self.place[node.input[1]]}.value", turned
        return None

    def forward(self, images):
        if self.images_in_file == 1 and len(images) > 1 and not self.elements:
            training = self.training
            with torch.no_grad():
                self.eval()(images[:1])
            self.train(training)
        self.images = len(images)
        values = {name: tensor.value for name, tensor in ((n, self.tensors[i]) for n, i in self.place.items())}
        values.update((name, getattr(self, buffer)) for name, buffer in self.constants.items())
        values[self.input], values[""] = images, None
        for node in self.file.graph.node:
            made = OPERATORS[node.op_type](self, node, [values[name] for name in node.input])
            values.update(zip(node.output, made if isinstance(made, (tuple, list)) else (made,)))
        return values[self.output]

    def write(self, path):
        """The file with the weights as they are now; a mask that is held shows as zeros."""
        for tensor in self.file.graph.initializer:
            name = tensor.name
            if name in self.place:
                values = self.tensors[self.place[name]].value
            else:
                values = getattr(self, self.constants[name])
            array = values.detach().cpu().numpy().astype(numpy_helper.to_array(tensor).dtype)
            tensor.CopyFrom(numpy_helper.from_array(array, name))
        data = self.file.SerializeToString()
        with open(path, "wb") as file:
            file.write(gzip.compress(data, 9, mtime=0) if path.endswith(".gz") else data)
