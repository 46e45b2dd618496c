"""The folded network in int8: activations with one scale per tensor, weights with one per output channel or per tensor,
zero points 0, sums in int32, rounded half to even, as an ONNX file with QuantizeLinear / DequantizeLinear says it."""
import numpy as np
import torch
from torch.nn import functional as F

from resnet import compute

FRACTIONS = np.linspace(0.3, 1.0, 29)  # of the greatest magnitude: candidates for what 127 stands for
SAMPLES = 1 << 18  # values of a tensor that a scale is chosen by

# Kinds of quantization: (per output channel, scales are powers of two).
KINDS = {"int8": (True, False), "int8_per_tensor": (False, False), "int8_power_of_two": (False, True)}


def best_scales(rows, power_of_two):
    """Per row the scale with the least squared error, among those that clip little or nothing; 1/127 for zeros."""
    greatest = rows.abs().amax(1)
    greatest = torch.where(greatest == 0, torch.ones_like(greatest), greatest)
    if power_of_two:
        exponent = torch.ceil(torch.log2(greatest / 127))
        candidates = [torch.exp2(exponent + e) for e in (-2, -1, 0)]
    else:
        candidates = [(greatest * f / 127).float() for f in FRACTIONS]
    errors = torch.stack(
        [((torch.round(rows / s[:, None]).clamp(-128, 127) * s[:, None] - rows) ** 2).sum(1) for s in candidates]
    )
    return torch.stack(candidates).gather(0, errors.argmin(0)[None])[0].double()


def best_scale(values, power_of_two):
    values = values.detach().flatten().float()
    return best_scales(values[None, :: max(1, values.numel() // SAMPLES)], power_of_two).item()


class IntegerNetwork:
    """`scales[name]` of every tensor, `weight_scales[name]` per output channel, integer weights and biases."""

    def __init__(self, nodes, images, kind):
        self.per_channel, power_of_two = KINDS[kind]
        self.nodes, self.scales, self.weights, self.weight_scales, self.biases = nodes, {}, {}, {}, {}

        def observe(name, value):
            self.scales[name] = best_scale(value, power_of_two)

        compute(nodes, images, observe)
        for node in nodes:
            if node.weight is None:
                continue
            rows = node.weight.flatten(1) if self.per_channel else node.weight.reshape(1, -1)
            scales = best_scales(rows, power_of_two).expand(len(node.weight))
            self.weight_scales[node.name] = scales
            self.weights[node.name] = torch.round(
                node.weight / scales.reshape(-1, *[1] * (node.weight.dim() - 1))
            ).clamp(-127, 127)
            bias_scales = scales * self.scales[node.inputs[0]]
            self.biases[node.name] = torch.round(node.bias.double() / bias_scales).clamp(-(2**31), 2**31 - 1)

    def quantized(self, real, name):
        return torch.round(real / self.scales[name]).clamp(-128, 127)

    def real_sums(self, node, x):
        """int32 sums, held in float64, where every step is exact, times the scale they are in."""
        weight, bias = self.weights[node.name].double(), self.biases[node.name]
        scales = self.weight_scales[node.name] * self.scales[node.inputs[0]]
        if node.op == "gemm":
            return F.linear(x.double(), weight, bias) * scales
        return (
            torch.round(F.conv2d(x.double(), weight, bias, node.stride, weight.shape[2] // 2)) * scales[:, None, None]
        )

    def logits(self, images):
        """Integer logits; times scales[last node] they are the network's output."""
        values = {"x": self.quantized(images.double(), "x").float()}
        for node in self.nodes:
            a, scale = values[node.inputs[0]], self.scales[node.inputs[0]]
            if node.op == "add":
                real = a.double() * scale + values[node.inputs[1]].double() * self.scales[node.inputs[1]]
            elif node.op == "mean":
                real = a.double().mean((2, 3)) * scale
            else:
                real = self.real_sums(node, a)
            y = self.quantized(real, node.name).float()  # integers of at most eight bits are exact in float32
            values[node.name] = y.clamp(min=0) if node.relu else y
        return values[self.nodes[-1].name]
