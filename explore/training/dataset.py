"""Image classification sets as idx files (also gzip), .npz (images, labels), or made up by formula for tests."""
import gzip
import struct

import numpy as np
import torch


def read_idx(path):
    """One array of the idx format (as MNIST): magic 0 0 type rank, big-endian sizes, then bytes in C order."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        data = file.read()
    if len(data) < 4 or data[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: not an idx file of unsigned bytes")
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * rank)
    if values.size != np.prod(shape):
        raise ValueError(f"{path}: {values.size} bytes, but its header says {'x'.join(map(str, shape))}")
    return values.reshape(shape)


def synthetic(count, seed, side=28, classes=10):
    """A bar whose angle is the class, with noise: what a small network learns in a few steps."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count).astype(np.uint8)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    angles = (labels * np.pi / classes)[:, None, None]
    bars = np.abs(np.cos(angles) * x - np.sin(angles) * y) < 2.5
    images = np.clip(bars * 160 + random.normal(40, 25, bars.shape), 0, 255).astype(np.uint8)
    return images, labels


def read_part(spec, part):
    """(images, labels) of "train" or "test"."""
    if "synthetic" in spec:
        return synthetic(spec["synthetic"][part], 1 if part == "train" else 2)
    if "npz" in spec:
        arrays = np.load(spec["npz"][part])
        images, labels = arrays["images"], arrays["labels"]
    else:
        images, labels = read_idx(spec[part + "_images"]), read_idx(spec[part + "_labels"])
    if len(images) != len(labels):
        raise ValueError(f"data.{part}: {len(images)} images but {len(labels)} labels")
    return images, labels


class Dataset:
    """Training images padded with zeros for shifted crops, test images, labels: all on the device, pixels as bytes."""

    def __init__(self, spec, shift, device):
        self.scale, self.mean, self.std = spec["scale"], spec["mean"], spec["std"]
        self.shift = shift
        images, labels = read_part(spec, "train")
        self.side = images.shape[1]
        self.padded = torch.from_numpy(np.pad(images, ((0, 0), (shift, shift), (shift, shift)))).to(device)
        self.labels = torch.from_numpy(labels.astype(np.int64)).to(device)
        images, labels = read_part(spec, "test")
        self.test_images = self.normalized(torch.from_numpy(images.copy()).to(device))[:, None]
        self.test_labels = torch.from_numpy(labels.astype(np.int64)).to(device)

    def normalized(self, pixels):
        return (pixels.float() / self.scale - self.mean) / self.std

    def train_images(self, count):
        """The first `count` training images as they are: for calibration."""
        s = self.shift
        return self.normalized(self.padded[:count, s : s + self.side, s : s + self.side])[:, None]


class Epoch:
    """Order and augmentation of one pass, in buffers that stay where they are, so that a captured step reads them."""

    def __init__(self, data, augment, device):
        count = len(data.labels)
        self.data, self.augment = data, augment
        self.order, self.top, self.left, self.flip, self.erase_top, self.erase_left = (
            torch.zeros(count, dtype=torch.int64, device=device) for _ in range(6)
        )
        self.line = torch.arange(data.side, device=device)

    def draw(self, seed, epoch):
        """The same seed and epoch give the same pass."""
        random = torch.Generator().manual_seed(seed * 100003 + epoch)
        count, side, erase = len(self.order), self.data.side, self.augment["erase"]
        self.order.copy_(torch.randperm(count, generator=random))
        for buffer, high in (
            (self.top, 2 * self.data.shift + 1),
            (self.left, 2 * self.data.shift + 1),
            (self.flip, 2 if self.augment["flip"] else 1),
            (self.erase_top, side),
            (self.erase_left, side),
        ):
            buffer.copy_(torch.randint(high, (count,), generator=random) - (erase // 2 if high == side else 0))

    def batch(self, positions):
        """Images and labels at these positions of the order."""
        index = self.order[positions]
        rows = self.top[positions][:, None] + self.line
        across = torch.where(self.flip[positions][:, None] == 1, self.data.side - 1 - self.line, self.line)
        cols = self.left[positions][:, None] + across
        images = self.data.normalized(self.data.padded[index[:, None, None], rows[:, :, None], cols[:, None, :]])
        if self.augment["erase"]:
            down, right = (self.line - start[positions][:, None] for start in (self.erase_top, self.erase_left))
            inside = [(0 <= d) & (d < self.augment["erase"]) for d in (down, right)]
            images = torch.where(inside[0][:, :, None] & inside[1][:, None, :], torch.zeros_like(images), images)
        return images[:, None], self.data.labels[index]
