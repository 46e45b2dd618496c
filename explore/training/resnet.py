"""A residual network for small grey images, and its form without batch normalization, which is pruned and exported.

With widths 32, 64, 128 and two blocks a stage it is a ResNet-14: a 3x3 stem, twelve 3x3 convolutions, a classifier;
1x1 convolutions where a stage begins with stride 2."""
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional as F


def convolution(cin, cout, kernel, stride):
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(cout))


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.c1, self.c2 = convolution(cin, cout, 3, stride), convolution(cout, cout, 3, 1)
        self.d = convolution(cin, cout, 1, stride) if stride > 1 or cin != cout else None

    def forward(self, x):
        y = self.c2(F.relu(self.c1(x)))
        return F.relu(y + (x if self.d is None else self.d(x)))


class ResNet(nn.Module):
    def __init__(self, widths, blocks, classes=10):
        super().__init__()
        self.stem = convolution(1, widths[0], 3, 1)
        self.stages = nn.ModuleList()
        for i, width in enumerate(widths):
            cin = widths[max(i - 1, 0)]
            self.stages.append(
                nn.Sequential(
                    *(Block(cin if j == 0 else width, width, 2 if i and j == 0 else 1) for j in range(blocks))
                )
            )
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for stage in self.stages:
            x = stage(x)
        return self.classifier(x.float().mean((2, 3)))


@dataclass
class Node:
    """One operation of the folded network: conv, add, mean or gemm. `relu` belongs to it."""

    op: str
    name: str
    inputs: list
    relu: bool = False
    weight: torch.Tensor = None
    bias: torch.Tensor = None
    stride: int = 1
    source: nn.Module = field(default=None, repr=False)  # the convolution or classifier it comes from
    norm: nn.Module = field(default=None, repr=False)  # the batch normalization folded into it


def folded(name, source, pair, relu):
    conv, norm = pair
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return Node(
        "conv",
        name,
        [source],
        relu,
        (conv.weight * scale[:, None, None, None]).detach().clone(),
        (norm.bias - norm.running_mean * scale).detach().clone(),
        conv.stride[0],
        conv,
        norm,
    )


def fold(model):
    """The network as a list of nodes in order of execution; the first reads "x", the last writes the logits."""
    nodes = [folded("stem", "x", model.stem, True)]
    for i, stage in enumerate(model.stages):
        for j, block in enumerate(stage):
            name, source = f"l{i + 1}.{j}", nodes[-1].name
            nodes.append(folded(name + ".c1", source, block.c1, True))
            nodes.append(folded(name + ".c2", name + ".c1", block.c2, False))
            if block.d is not None:
                nodes.append(folded(name + ".d", source, block.d, False))
            nodes.append(Node("add", name + ".add", [name + ".c2", source if block.d is None else name + ".d"], True))
    nodes.append(Node("mean", "mean", [nodes[-1].name]))
    nodes.append(
        Node(
            "gemm",
            "fc",
            ["mean"],
            False,
            model.classifier.weight.detach().clone(),
            model.classifier.bias.detach().clone(),
            source=model.classifier,
        )
    )
    return nodes


def unfold(model, values, images):
    """Loads folded weights ("<layer>.weight", "<layer>.bias") into a network with batch normalization, which gets the
    mean and variance of these images: the function stays the same, and training finds statistics as it left them."""
    nodes = [node for node in fold(model) if node.weight is not None]
    missing = [
        f"{node.name}.{part}" for node in nodes for part in ("weight", "bias") if f"{node.name}.{part}" not in values
    ]
    if missing:
        raise ValueError(f"not the weights of this network: {', '.join(missing)} missing")
    hooks = []
    for node in nodes:
        node.source.weight.copy_(values[node.name + ".weight"])
        bias = values[node.name + ".bias"].to(node.source.weight.device)
        if node.norm is None:
            node.source.bias.copy_(bias)
            continue

        def hook(_, __, output, norm=node.norm, bias=bias):
            variance, mean = torch.var_mean(output, (0, 2, 3))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_(torch.sqrt(variance + norm.eps))
            norm.bias.copy_(bias + mean)

        hooks.append(node.source.register_forward_hook(hook))
    model.eval()
    model(images)
    for hook in hooks:
        hook.remove()


def compute(nodes, images, observe=None):
    """Logits of the folded network in floating point; `observe(name, tensor)` sees every tensor."""
    values = {"x": images}
    for node in nodes:
        a = values[node.inputs[0]]
        if node.op == "conv":
            y = F.conv2d(a, node.weight, node.bias, node.stride, node.weight.shape[2] // 2)
        elif node.op == "add":
            y = a + values[node.inputs[1]]
        elif node.op == "mean":
            y = a.mean((2, 3))
        else:
            y = F.linear(a, node.weight, node.bias)
        values[node.name] = F.relu(y) if node.relu else y
    if observe:
        for name, value in values.items():
            observe(name, value)
    return values[nodes[-1].name]


def top1(function, data, chunk=2500):
    """Per cent of the test images whose largest logit is their label's."""
    right = 0
    for start in range(0, len(data.test_labels), chunk):
        part = slice(start, start + chunk)
        right += (function(data.test_images[part]).argmax(1) == data.test_labels[part]).sum()
    return 100.0 * right.item() / len(data.test_labels)
