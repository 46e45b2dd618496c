"""What is timed on the GPU. A contender takes a case and returns (call, result of a call as [pixels, cout])."""
import functools

import torch
from torch.nn import functional as F
from torch.sparse import to_sparse_semi_structured

import cusparse
from block_weights import masked, packed, padded, random_mask
from sparse_kernel import CONFIGS, launch
from timing import measure

TYPES = {"float16": torch.float16, "float32": torch.float32, "int8": torch.int8}


class Impossible(Exception):
    """A case that a library cannot do."""


class Case:
    """One product with random data; `prune` gives it masked weights, `weights` are the dense ones."""

    def __init__(self, product, batch, dtype):
        self.product, self.batch, self.dtype = product, batch, dtype
        self.pixels = batch * product.height * product.width
        random = torch.Generator("cuda").manual_seed(1)
        self.x, self.weights = (self.random(rows, product.depth, random) for rows in (self.pixels, product.cout))
        self.mask, self.masked, self.zero_share, self.block = None, self.weights, 0.0, None
        self.expected, self.layouts = None, {}

    def random(self, rows, cols, generator):
        if self.dtype == "int8":
            return torch.randint(-127, 128, (rows, cols), dtype=torch.int8, device="cuda", generator=generator)
        values = torch.empty(rows, cols, dtype=TYPES[self.dtype], device="cuda")
        return values.normal_(generator=generator)

    def prune(self, block, ratio):
        self.block, self.expected, self.layouts = block, None, {}
        self.mask = random_mask(self.product, block, ratio, seed=1)
        self.masked = masked(self.weights, self.mask, block, self.product)
        self.zero_share = 1 - self.mask.float().mean().item()

    def reference(self):
        """The dense product with the masked weights, whose last rows `error` checks in float64."""
        if self.expected is None:
            self.expected = torch._int_mm(self.x, self.masked.t()) if self.dtype == "int8" else self.x @ self.masked.t()
        return self.expected

    def error(self, result):
        """Of the whole result against the dense product, and of its last rows against float64."""
        expected = self.reference()
        if self.dtype == "int8":
            return float((result != expected).sum().item())
        tail = slice(max(0, self.pixels - 64), None)
        exact = self.x[tail].double() @ self.masked.double().t()
        return max(relative(result, expected), relative(result[tail], exact))


def relative(a, b):
    value = torch.linalg.vector_norm((a.to(b.dtype) - b).flatten(), dtype=torch.float64) / torch.linalg.vector_norm(
        b.flatten(), dtype=torch.float64
    )
    return value.item()


def timed(contender, case):
    """The columns of a row. A wrong result is not timed."""
    try:
        call, result, config = contender(case)
        error = case.error(result)
        if not error <= {"float16": 2e-3, "float32": 1e-5, "int8": 0}[case.dtype]:
            return {"error": error, "reason": "wrong result"}
        most = 8 if contender is sparse_2_4 else 40  # cuSPARSELt plans anew in every call, on the CPU
        return {**measure(call, most=most), "error": error, "config": config}
    except Exception as problem:  # noqa: BLE001: a library's or a compiler's refusal has no type of its own
        torch.cuda.synchronize()
        return {"reason": " ".join(f"{type(problem).__name__}: {problem}".split())[-160:]}


def cublas(case):
    """The dense product."""
    weights = case.weights.t()
    case.expected, case.masked = None, case.weights
    multiply = torch._int_mm if case.dtype == "int8" else torch.mm
    out = torch.empty(
        case.pixels, case.product.cout, dtype=torch.int32 if case.dtype == "int8" else case.x.dtype, device="cuda"
    )
    call = lambda: multiply(case.x, weights, out=out)  # noqa: E731
    return call, call(), ""


def cudnn(case):
    """The convolution itself, channels last, without the matrix of columns: what a dense user runs. The result is not
    compared: its input is another one."""
    p = case.product
    if case.dtype == "int8":
        raise Impossible("PyTorch has no int8 convolution on a GPU")
    side = (p.height * p.stride + p.kh - 1, p.width * p.stride + p.kw - 1)  # padding included
    images = (
        torch.randn(case.batch, p.cin, *side, device="cuda")
        .to(case.x.dtype)
        .contiguous(memory_format=torch.channels_last)
    )
    weights = case.weights.reshape(p.cout, p.kh, p.kw, p.cin).permute(0, 3, 1, 2)
    torch.backends.cudnn.benchmark = True
    call = lambda: F.conv2d(images, weights, stride=p.stride)  # noqa: E731
    call()
    case.expected, case.masked = None, case.weights
    return call, case.reference(), "result not compared"


def sparse_2_4(case):
    """Two of four neighbours zero, whatever the blocks: the reference that hardware supports."""
    quarter = torch.zeros(4, dtype=torch.bool, device="cuda")
    quarter[:2] = True
    kept = quarter.repeat(case.weights.shape[1] // 4)
    case.masked, case.expected = case.weights * kept.to(case.weights.dtype), None
    sparse, x = to_sparse_semi_structured(case.masked), case.x.t()
    options = {"out_dtype": torch.int32} if case.dtype == "int8" else {}
    call = lambda: torch._cslt_sparse_mm(sparse.packed, x, transpose_result=True, **options)  # noqa: E731
    return call, call(), f"cuSPARSELt {torch.backends.cusparselt.version()}"


def own_triton(case):
    """The kernel of sparse_kernel.py, the fastest of its configurations."""
    integer = case.dtype == "int8"
    out = torch.empty(case.pixels, case.product.cout, dtype=torch.int32 if integer else case.x.dtype, device="cuda")
    best, problem = None, None
    for config in CONFIGS[case.block]:
        layout = layout_of(case, config[1])
        call = functools.partial(launch, case.x, layout, out, case.product, case.block, config, integer)
        try:
            time = measure(call, runs=3)["least_us"]
        except Exception as failure:  # noqa: BLE001: a compiler's refusal has no type of its own
            problem = failure
            continue
        if best is None or time < best[0]:
            best = (time, call, config)
    if best is None:
        raise Impossible(f"Triton: {str(problem).splitlines()[-1] if str(problem) else problem!r}")
    out.fill_(77)
    best[1]()
    return best[1], out, "x".join(map(str, best[2]))


def layout_of(case, step):
    if step not in case.layouts:
        case.layouts[step] = packed(case.masked, case.mask, case.block, case.product, step)
    return case.layouts[step]


@functools.lru_cache
def cusparse_library():
    return cusparse.Library()


def cusparse_version():
    return cusparse_library().version


def cusparse_product(case, make):
    weights, mask = padded(case.masked, case.mask, case.block, case.product)
    if case.product.cin % case.block:
        raise Impossible(f"{case.product.cin} input channels are no multiple of {case.block}")
    library = cusparse_library()
    product = cusparse.Product(library, make(library, weights, mask, case.block), case.x, weights.shape[0])
    return product, product()[:, : case.product.cout], ""


def cusparse_blocked_ell(case):
    return cusparse_product(case, cusparse.blocked_ell)


def cusparse_bsr(case):
    return cusparse_product(case, cusparse.bsr)


def torch_bsr(case):
    """PyTorch's own Triton kernel for BSR in half precision."""
    from torch.sparse._triton_ops import bsr_dense_addmm

    if case.product.cin % case.block or case.product.cout % case.block:
        raise Impossible(f"{case.product.cout} x {case.product.cin} channels are no multiples of {case.block}")
    sparse, x = case.masked.to_sparse_bsr((case.block, case.block)), case.x.t()
    out = torch.empty(case.product.cout, case.pixels, dtype=case.x.dtype, device="cuda")
    call = lambda: bsr_dense_addmm(out, sparse, x, beta=0, out=out)  # noqa: E731
    return call, call().t(), ""


DENSE = {"float16": [cublas, cudnn], "float32": [cublas], "int8": [cublas]}
LIBRARIES = {"float16": [cusparse_blocked_ell, cusparse_bsr, torch_bsr], "float32": [cusparse_bsr]}
