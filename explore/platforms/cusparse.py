"""cuSPARSE's products of block-sparse matrices (BSR, Blocked-ELL) with dense ones, through its C interface."""
import ctypes
import ctypes.util
import glob
import os
import sys

import torch

ROW_MAJOR, COLUMN_MAJOR = 2, 1  # cusparseOrder_t
INDEX_32 = 2  # CUSPARSE_INDEX_32I
TYPES = {torch.float16: 2, torch.float32: 0}  # cudaDataType_t
FLOAT_32 = 0
DEFAULT_ALGORITHM = 0


def load():
    folders = [os.path.join(p, "nvidia") for p in sys.path] + ["/usr/local/cuda/lib64"]
    for folder in folders:
        for path in glob.glob(os.path.join(folder, "**", "libcusparse.so.*"), recursive=True):
            return ctypes.CDLL(path)
    return ctypes.CDLL(ctypes.util.find_library("cusparse") or "libcusparse.so")


class Library:
    def __init__(self):
        self.library = load()
        self.handle = ctypes.c_void_p()
        self.check("cusparseCreate", ctypes.byref(self.handle))
        version = ctypes.c_int()
        self.check("cusparseGetVersion", self.handle, ctypes.byref(version))
        self.version = version.value

    def check(self, name, *arguments):
        status = getattr(self.library, name)(*arguments)
        if status:
            self.library.cusparseGetErrorString.restype = ctypes.c_char_p
            raise RuntimeError(f"{name}: {self.library.cusparseGetErrorString(status).decode()}")


def pointer(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def blocked_ell(library, weights, mask, block):
    """Every row of blocks has as many as the fullest; places left over have the column -1."""
    rows, cols = mask.shape
    most = int(mask.sum(1).max())
    index = torch.full((rows, most), -1, dtype=torch.int32)
    for row in range(rows):
        kept = mask[row].nonzero().flatten()
        index[row, : len(kept)] = kept
    blocks = weights.reshape(rows, block, cols, block)
    chosen = index.clamp(min=0).long().to(weights.device)
    values = torch.gather(blocks.permute(0, 2, 1, 3), 1, chosen[:, :, None, None].expand(-1, -1, block, block))
    values = values * (index >= 0).to(weights.device)[:, :, None, None]
    values = values.permute(0, 2, 1, 3).contiguous()  # row-major over the rows x (most * block) values
    index = index.to(weights.device)
    descriptor = ctypes.c_void_p()
    library.check(
        "cusparseCreateBlockedEll",
        ctypes.byref(descriptor),
        *map(ctypes.c_int64, (rows * block, cols * block, block, most * block)),
        pointer(index),
        pointer(values),
        INDEX_32,
        0,
        TYPES[weights.dtype],
    )
    return descriptor, (index, values)


def bsr(library, weights, mask, block):
    rows, cols = mask.shape
    offsets = torch.zeros(rows + 1, dtype=torch.int32)
    offsets[1:] = mask.sum(1).cumsum(0)
    row, col = mask.nonzero(as_tuple=True)
    blocks = weights.reshape(rows, block, cols, block).permute(0, 2, 1, 3)
    values = blocks[row.to(weights.device), col.to(weights.device)].contiguous()
    offsets, col = offsets.to(weights.device), col.int().to(weights.device)
    descriptor = ctypes.c_void_p()
    library.check(
        "cusparseCreateBsr",
        ctypes.byref(descriptor),
        *map(ctypes.c_int64, (rows, cols, len(col), block, block)),
        pointer(offsets),
        pointer(col),
        pointer(values),
        INDEX_32,
        INDEX_32,
        0,
        TYPES[weights.dtype],
        ROW_MAJOR,
    )
    return descriptor, (offsets, col, values)


class Product:
    """out[pixels, rows] = x[pixels, depth] * sparse: as cuSPARSE sees it, sparse times a column-major x and out."""

    def __init__(self, library, sparse, x, rows):
        self.library, (self.sparse, self.kept) = library, sparse
        self.x, self.out = x, torch.full((x.shape[0], rows), float("nan"), dtype=x.dtype, device=x.device)
        self.one, self.zero = ctypes.c_float(1), ctypes.c_float(0)
        self.b, self.c = self.dense(x), self.dense(self.out)
        size = ctypes.c_size_t()
        library.check("cusparseSpMM_bufferSize", *self.arguments(), ctypes.byref(size))
        self.buffer = torch.empty(max(size.value, 16), dtype=torch.uint8, device=x.device)
        self.run("cusparseSpMM_preprocess")

    def dense(self, tensor):
        descriptor = ctypes.c_void_p()
        self.library.check(
            "cusparseCreateDnMat",
            ctypes.byref(descriptor),
            *map(ctypes.c_int64, (tensor.shape[1], tensor.shape[0], tensor.shape[1])),
            pointer(tensor),
            TYPES[tensor.dtype],
            COLUMN_MAJOR,
        )
        return descriptor

    def arguments(self):
        return (
            self.library.handle,
            0,
            0,
            ctypes.byref(self.one),
            self.sparse,
            self.b,
            ctypes.byref(self.zero),
            self.c,
            FLOAT_32,
            DEFAULT_ALGORITHM,
        )

    def run(self, name):
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        self.library.check("cusparseSetStream", self.library.handle, stream)
        self.library.check(name, *self.arguments(), pointer(self.buffer))

    def __call__(self):
        self.run("cusparseSpMM")
        return self.out
