#!/usr/bin/env python3
"""Do the layouts of block-sparse weights compute the masked product, and does the published comparison follow from the
published times?   platforms_test.py SOURCE_FOLDER. The layouts need PyTorch; without it the test is skipped (77)."""
import csv
import os
import shutil
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(sys.argv.pop(1))
PLATFORMS = os.path.join(SOURCE, "explore", "platforms")
NETWORKS = [
    os.path.join(SOURCE, "configs", "networks", name + ".json") for name in ("resnet50", "vgg16", "inception_v3")
]
sys.path.insert(0, PLATFORMS)
try:
    import torch
except ImportError as missing:
    print(missing)
    sys.exit(77)

import block_weights  # noqa: E402
import compare  # noqa: E402
from shapes import Product, convolutions  # noqa: E402

torch.set_num_threads(1)


class Shapes(unittest.TestCase):
    def test_multiply_accumulates_of_the_networks(self):
        found = {name: sum(p.macs for _, p in layers) for name, layers in map(convolutions, NETWORKS)}
        self.assertEqual(found, {"resnet50": 4087136256, "vgg16": 15346630656, "inception_v3": 5711168096})


class Layouts(unittest.TestCase):
    """Channels that fill the last block only in part are among the cases."""

    CASES = [
        (Product(48, 80, 3, 3, 5, 5, 1), 8),
        (Product(48, 80, 3, 3, 5, 5, 1), 32),
        (Product(64, 32, 1, 1, 7, 3, 2), 16),
    ]

    def case(self, product, block):
        torch.manual_seed(1)
        mask = block_weights.random_mask(product, block, 0.5, seed=2)
        weights = block_weights.masked(torch.randn(product.cout, product.depth), mask, block, product)
        return mask, weights, torch.randn(25, product.depth)

    def test_masked_blocks_are_zero_in_all_taps(self):
        for product, block in self.CASES:
            mask, weights, _ = self.case(product, block)
            self.assertEqual(int((~mask).sum()), int(mask.numel() * 0.5 + 0.5))
            taps = weights.reshape(product.cout, product.kh * product.kw, product.cin)
            for row in range(mask.shape[0]):
                for col in range(mask.shape[1]):
                    part = taps[row * block : (row + 1) * block, :, col * block : (col + 1) * block]
                    self.assertEqual(bool((part != 0).all()), bool(mask[row, col]))
                    self.assertEqual(bool((part == 0).all()), not mask[row, col])

    def test_packed_tiles_compute_the_product(self):
        for product, block in self.CASES:
            for step in (32, 64):
                mask, weights, x = self.case(product, block)
                tiles, columns, first = block_weights.packed(weights, mask, block, product, step)
                out = torch.zeros(len(x), mask.shape[0] * block)
                for row in range(mask.shape[0]):
                    for tile in range(first[row], first[row + 1]):
                        part = x[:, columns[tile * step : (tile + 1) * step].long()]
                        out[:, row * block : (row + 1) * block] += part @ tiles[tile].t()
                self.assertLess((out[:, : product.cout] - x @ weights.t()).abs().max(), 1e-3)
                runs = columns.reshape(-1, 8)
                self.assertTrue((runs - runs[:, :1] == torch.arange(8)).all(), "groups of 8 columns are neighbours")

    def test_padding_keeps_every_weight(self):
        for product, block in self.CASES:
            mask, weights, _ = self.case(product, block)
            full, every = block_weights.padded(weights, mask, block, product)
            self.assertEqual(full.abs().sum(), weights.abs().sum())
            blocks = full.reshape(mask.shape[0], block, -1, block).abs().sum((1, 3))
            self.assertTrue(((blocks > 0) == every).all())


class Published(unittest.TestCase):
    def test_comparison_follows_from_the_times(self):
        published = os.path.join(SOURCE, "results", "platforms")
        with tempfile.TemporaryDirectory() as folder:
            for name in ("gpu.csv", "gpu_2_4.csv", "cpu.csv"):
                shutil.copy(os.path.join(published, name), folder)
            sys.argv[1:] = [
                folder,
                "--networks",
                *NETWORKS,
                "--predicted",
                os.path.join(SOURCE, "results", "block_sparsity_4x4", "table.csv"),
            ]
            compare.main()
            for name in ("comparison.csv", "cpu_products.csv"):
                self.assertEqual(*(self.measured(os.path.join(f, name)) for f in (folder, published)))

    @staticmethod
    def measured(path):
        with open(path, encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if not row.get("platform", "").startswith("AIE2")]


if __name__ == "__main__":
    unittest.main()
