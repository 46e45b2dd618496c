"""Operators of ONNX in PyTorch: function(module, node, inputs) gives the output, or all of them."""
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

DTYPES = {1: torch.float32, 6: torch.int32, 7: torch.int64, 9: torch.bool, 10: torch.float32, 11: torch.float32}


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def numbers(tensor):
    return [int(v) for v in tensor.reshape(-1).tolist()]


def refuse(node, what):
    raise ValueError(f"node '{node.name}': {node.op_type}: {what}")


def window(node, x, kernel, fill):
    """(input with its padding, strides, dilations). `fill` is what the border holds."""
    a, rank = attributes(node), x.dim() - 2
    strides, dilations = a.get("strides", [1] * rank), a.get("dilations", [1] * rank)
    pads = list(a.get("pads", [0] * (2 * rank)))
    if a.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER"):
        late = a["auto_pad"] == b"SAME_UPPER"
        need = [
            max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            for n, s, k, d in zip(x.shape[2:], strides, kernel, dilations)
        ]
        pads = [n // 2 if late else n - n // 2 for n in need] + [n - n // 2 if late else n // 2 for n in need]
    if a.get("ceil_mode", 0):
        if node.op_type != "MaxPool":
            refuse(node, "ceil_mode=1; legal: 0")
        for i, (n, k, s, d) in enumerate(zip(x.shape[2:], kernel, strides, dilations)):
            pads[rank + i] += -(n + pads[i] + pads[rank + i] - (k - 1) * d - 1) % s
    around = [side for i in reversed(range(rank)) for side in (pads[i], pads[rank + i])]
    return (F.pad(x, around, value=fill) if any(around) else x), strides, dilations


def conv(_, node, inputs):
    x, weight = inputs[:2]
    padded, strides, dilations = window(node, x, weight.shape[2:], 0.0)
    function = F.conv1d if x.dim() == 3 else F.conv2d
    bias = inputs[2] if len(inputs) > 2 else None
    return function(padded, weight, bias, strides, 0, dilations, attributes(node).get("group", 1))


def conv_transpose(_, node, inputs):
    a = attributes(node)
    pads = a.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:] or "output_shape" in a or a.get("auto_pad", b"NOTSET") != b"NOTSET":
        refuse(node, "padding that differs at both ends; legal: equal pads")
    bias = inputs[2] if len(inputs) > 2 else None
    outer = a.get("output_padding", [0, 0])
    return F.conv_transpose2d(
        inputs[0],
        inputs[1],
        bias,
        a.get("strides", [1, 1]),
        pads[:2],
        outer,
        a.get("group", 1),
        a.get("dilations", [1, 1]),
    )


def max_pool(_, node, inputs):
    kernel = attributes(node)["kernel_shape"]
    padded, strides, dilations = window(node, inputs[0], kernel, float("-inf"))
    return F.max_pool2d(padded, kernel, strides, 0, dilations)


def average_pool(_, node, inputs):
    kernel, x = attributes(node)["kernel_shape"], inputs[0]
    padded, strides, _ = window(node, x, kernel, 0.0)
    sums = F.avg_pool2d(padded, kernel, strides)
    if attributes(node).get("count_include_pad", 0) or padded is x:
        return sums
    inside, *_ = window(node, torch.ones_like(x[:1, :1]), kernel, 0.0)
    return sums / F.avg_pool2d(inside, kernel, strides)


def gemm(_, node, inputs):
    a = attributes(node)
    first = inputs[0].t() if a.get("transA", 0) else inputs[0]
    second = inputs[1].t() if a.get("transB", 0) else inputs[1]
    y = a.get("alpha", 1.0) * (first @ second)
    return y + a.get("beta", 1.0) * inputs[2] if len(inputs) > 2 else y


def batch_normalization(module, node, inputs):
    """Statistics follow the images while the module trains."""
    a = attributes(node)
    return F.batch_norm(
        inputs[0], inputs[3], inputs[4], inputs[1], inputs[2], module.training, 0.1, a.get("epsilon", 1e-5)
    )


def layer_normalization(_, node, inputs):
    a = attributes(node)
    shape = inputs[0].shape[a.get("axis", -1) :]
    return F.layer_norm(inputs[0], shape, inputs[1], inputs[2] if len(inputs) > 2 else None, a.get("epsilon", 1e-5))


def reshape(module, node, inputs):
    """A file of one image says so in its shapes: those of tensors that grow with the images begin with their number."""
    x, shape = inputs[0], numbers(inputs[1])
    shape = [x.shape[i] if n == 0 else n for i, n in enumerate(shape)]
    if module.images_in_file == 1 and shape:
        of_one = (
            module.elements.setdefault(node.output[0], x.numel())
            if module.images == 1
            else module.elements[node.output[0]]
        )
        if shape[0] == 1 and x.numel() == module.images * of_one:
            shape[0] = module.images
    return x.reshape(shape)


def concat(module, node, inputs):
    """What a file of one image holds once, a class token say, stands before every image."""
    axis, images = attributes(node)["axis"], max(part.shape[0] for part in inputs)
    if module.images_in_file == 1 and axis != 0 and inputs[0].dim() > 1:
        inputs = [part.expand(images, *part.shape[1:]) if part.shape[0] == 1 else part for part in inputs]
    return torch.cat(inputs, axis)


def axes_of(node, inputs, at=1):
    a = attributes(node)
    if "axes" in a:
        return list(a["axes"])
    return numbers(inputs[at]) if len(inputs) > at and inputs[at] is not None else None


def squeeze(_, node, inputs):
    axes = axes_of(node, inputs)
    x = inputs[0]
    for axis in sorted((i % x.dim() for i in (axes if axes is not None else range(x.dim()))), reverse=True):
        x = x.squeeze(axis)
    return x


def unsqueeze(_, node, inputs):
    axes, x = axes_of(node, inputs), inputs[0]
    for axis in sorted(i % (x.dim() + len(axes)) for i in axes):
        x = x.unsqueeze(axis)
    return x


def slices(_, node, inputs):
    a, x = attributes(node), inputs[0]
    if "starts" in a:
        starts, ends, steps = a["starts"], a["ends"], [1] * len(a["starts"])
        axes = a.get("axes", range(len(starts)))
    else:
        starts, ends = numbers(inputs[1]), numbers(inputs[2])
        axes = numbers(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else range(len(starts))
        steps = numbers(inputs[4]) if len(inputs) > 4 else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps):
        index = torch.arange(*slice(start, end, step).indices(x.shape[axis]), device=x.device)
        x = x.index_select(axis, index)
    return x


def split(_, node, inputs):
    a, x = attributes(node), inputs[0]
    axis = a.get("axis", 0)
    sizes = a.get("split") or (numbers(inputs[1]) if len(inputs) > 1 else None)
    return x.split(list(sizes) if sizes else -(-x.shape[axis] // len(node.output)), axis)


def gather(_, node, inputs):
    axis, index = attributes(node).get("axis", 0), inputs[1].long()
    axis %= inputs[0].dim()
    index = torch.where(index < 0, index + inputs[0].shape[axis], index)
    shape = (*inputs[0].shape[:axis], *index.shape, *inputs[0].shape[axis + 1 :])
    return inputs[0].index_select(axis, index.reshape(-1)).reshape(shape)


def reduction(function):
    def reduced(_, node, inputs):
        axes, keep = axes_of(node, inputs), bool(attributes(node).get("keepdims", 1))
        return function(inputs[0], axes if axes is not None else list(range(inputs[0].dim())), keep)

    return reduced


def clip(_, node, inputs):
    a = attributes(node)
    low = inputs[1] if len(inputs) > 1 else a.get("min")
    high = inputs[2] if len(inputs) > 2 else a.get("max")
    low, high = (limit if limit is None else float(limit) for limit in (low, high))
    return inputs[0].clamp(low, high)


def constant(module, node, _):
    """On the device of the weights; shapes are read from there too."""
    a = attributes(node)
    if "value" in a:
        return torch.from_numpy(np.array(numpy_helper.to_array(a["value"]))).to(module.device())
    (value,) = a.values()
    return torch.tensor(value, device=module.device())


def constant_of_shape(module, node, inputs):
    value = attributes(node).get("value")
    value = numpy_helper.to_array(value) if value is not None else np.zeros(1, np.float32)
    return torch.from_numpy(np.full(numbers(inputs[0]), value.reshape(-1)[0], value.dtype)).to(module.device())


def shape_of(_, node, inputs):
    a = attributes(node)
    return torch.tensor(list(inputs[0].shape)[a.get("start", 0) : a.get("end")], device=inputs[0].device)


def divide(_, __, inputs):
    if not inputs[0].is_floating_point():
        return torch.div(*inputs, rounding_mode="trunc")
    return inputs[0] / inputs[1]


def expand(_, __, inputs):
    return inputs[0] * torch.ones(numbers(inputs[1]), dtype=inputs[0].dtype, device=inputs[0].device)


def softmax(_, node, inputs):
    return inputs[0].softmax(attributes(node).get("axis", -1))


def pad(_, node, inputs):
    a = attributes(node)
    pads = a["pads"] if "pads" in a else numbers(inputs[1])
    rank = inputs[0].dim()
    if a.get("mode", b"constant") != b"constant" or len(inputs) > 3:
        refuse(node, "mode or axes; legal: constant, over all axes")
    around = [side for i in reversed(range(rank)) for side in (pads[i], pads[rank + i])]
    return F.pad(inputs[0], around, value=float(inputs[2]) if len(inputs) > 2 and inputs[2] is not None else 0.0)


def depth_to_space(_, node, inputs):
    a = attributes(node)
    if a.get("mode", b"DCR") == b"CRD":
        return F.pixel_shuffle(inputs[0], a["blocksize"])
    n, c, h, w = inputs[0].shape
    b = a["blocksize"]
    return inputs[0].reshape(n, b, b, c // b // b, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // b // b, h * b, w * b)


def of_one(function):
    return lambda _, node, inputs: function(inputs[0], attributes(node))


def of_all(function):
    return lambda _, __, inputs: function(*inputs)


OPERATORS = {
    "Add": of_all(torch.add),
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Cast": of_one(lambda x, a: x.to(DTYPES[a["to"]])),
    "Clip": clip,
    "Concat": concat,
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "DepthToSpace": depth_to_space,
    "Div": divide,
    "Dropout": of_one(lambda x, a: x),
    "Elu": of_one(lambda x, a: F.elu(x, a.get("alpha", 1.0))),
    "Equal": of_all(torch.eq),
    "Erf": of_one(lambda x, a: torch.erf(x)),
    "Expand": expand,
    "Flatten": of_one(lambda x, a: x.reshape(int(np.prod(x.shape[: a.get("axis", 1)])), -1)),
    "Gather": gather,
    "Gelu": of_one(lambda x, a: F.gelu(x, approximate=a.get("approximate", b"none").decode())),
    "Gemm": gemm,
    "GlobalAveragePool": of_one(lambda x, a: x.mean(tuple(range(2, x.dim())), keepdim=True)),
    "HardSigmoid": of_one(lambda x, a: (a.get("alpha", 0.2) * x + a.get("beta", 0.5)).clamp(0, 1)),
    "HardSwish": of_one(lambda x, a: F.hardswish(x)),
    "Identity": of_one(lambda x, a: x),
    "LayerNormalization": layer_normalization,
    "LeakyRelu": of_one(lambda x, a: F.leaky_relu(x, a.get("alpha", 0.01))),
    "MatMul": of_all(torch.matmul),
    "MaxPool": max_pool,
    "Mul": of_all(torch.mul),
    "Pad": pad,
    "Pow": of_all(torch.pow),
    "ReduceMean": reduction(lambda x, axes, keep: x.mean(axes, keepdim=keep)),
    "ReduceSum": reduction(lambda x, axes, keep: x.sum(axes, keepdim=keep)),
    "Relu": of_one(lambda x, a: F.relu(x)),
    "Reshape": reshape,
    "Shape": shape_of,
    "Sigmoid": of_one(lambda x, a: torch.sigmoid(x)),
    "Slice": slices,
    "Softmax": softmax,
    "Split": split,
    "Sqrt": of_one(lambda x, a: torch.sqrt(x)),
    "Squeeze": squeeze,
    "Sub": of_all(torch.sub),
    "Tanh": of_one(lambda x, a: torch.tanh(x)),
    "Transpose": of_one(lambda x, a: x.permute(*a.get("perm", range(x.dim() - 1, -1, -1)))),
    "Unsqueeze": unsqueeze,
    "Where": of_all(torch.where),
}
