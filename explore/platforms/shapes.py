"""Convolutions of a network file as matrix products: out[pixels, cout] = columns[pixels, kh * kw * cin] * weights."""
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    cout: int
    cin: int
    kh: int
    kw: int
    height: int  # of the output
    width: int
    stride: int

    @property
    def depth(self):
        return self.kh * self.kw * self.cin

    @property
    def macs(self):
        return self.cout * self.depth * self.height * self.width


def pair(value):
    return value if isinstance(value, list) else [value, value]


def window_output(size, layer, default_stride):
    kernel, stride = pair(layer["kernel"]), pair(layer.get("stride", default_stride or layer["kernel"]))
    padding = pair(layer.get("padding", 0))
    return [(side + 2 * p - k) // s + 1 for side, k, s, p in zip(size, kernel, stride, padding)]


def convolutions(path):
    """The name of the network and its convolutions in order: (name, Product)."""
    with open(path, encoding="utf-8") as file:
        network = json.load(file)
    shapes, last, found = {"input": tuple(network["input"])}, "input", []
    for layer in network["layers"]:
        names = layer.get("inputs", last)
        names = names if isinstance(names, list) else [names]
        *size, channels = shapes[names[0]]
        if layer["op"] == "conv2d":
            size = window_output(size, layer, 1)
            found.append(
                (
                    layer["name"],
                    Product(
                        layer["channels"], channels, *pair(layer["kernel"]), *size, pair(layer.get("stride", 1))[0]
                    ),
                )
            )
            channels = layer["channels"]
        elif layer["op"] == "concat":
            channels = sum(shapes[name][2] for name in names)
        elif layer["op"] in ("maxpool", "avgpool"):
            size = [1, 1] if layer.get("global") else window_output(size, layer, None)
        elif layer["op"] != "add":
            raise ValueError(f"{path}: layer '{layer['name']}': op '{layer['op']}' has no product here")
        shapes[layer["name"]], last = (*size, channels), layer["name"]
    return network["name"], found
