"""A block-sparse product in Triton: out[pixels, cout] = x[pixels, depth] * weights, laid out by `packed`.

One program computes `TALL` pixels of one row of blocks. It gathers just the kept columns of x, in runs of at least
`RUN` neighbours, so that blocks of 8 are loaded as whole as larger ones; what a small block costs is that x is read
once per row of blocks."""
import triton
import triton.language as tl


@triton.jit(do_not_specialize=["pixels", "rows", "cout"])
def block_sparse_product(
    x,
    tiles,
    columns,
    first,
    out,
    pixels,
    depth,
    rows,
    cout,
    TALL: tl.constexpr,
    BLOCK: tl.constexpr,
    STEP: tl.constexpr,
    RUN: tl.constexpr,
    SUM: tl.constexpr,
):
    row = tl.program_id(0) % rows
    pixel = (tl.program_id(0) // rows) * TALL + tl.arange(0, TALL)
    source = x + tl.minimum(pixel, pixels - 1)[:, None] * depth
    channel = tl.arange(0, BLOCK)
    inner = tl.arange(0, STEP)
    total = tl.zeros((TALL, BLOCK), dtype=SUM)
    for tile in range(tl.load(first + row), tl.load(first + row + 1)):
        column = tl.load(columns + tile * STEP + inner)
        column = tl.max_contiguous(tl.multiple_of(column, [RUN]), [RUN])
        a = tl.load(source + column[None, :])
        b = tl.load(tiles + tile * STEP * BLOCK + channel[None, :] * STEP + inner[:, None])
        total = tl.dot(a, b, total, out_dtype=SUM)
    channel += row * BLOCK
    tl.store(
        out + pixel[:, None] * cout + channel[None, :],
        total.to(out.dtype.element_ty),
        mask=(pixel[:, None] < pixels) & (channel[None, :] < cout),
    )


# (pixels, columns per step, warps, stages): which is fastest depends on the shape; all are tried.
CONFIGS = {
    8: [(128, 64, 4, 4), (256, 64, 8, 3), (64, 64, 4, 5)],
    16: [(128, 64, 4, 4), (256, 64, 8, 3), (64, 128, 4, 4)],
    32: [(128, 64, 4, 4), (256, 64, 8, 3), (64, 128, 4, 4)],
    64: [(128, 64, 4, 4), (256, 64, 8, 3), (64, 128, 4, 4)],
}


def launch(x, layout, out, product, block, config, integer):
    """Queues the product."""
    tiles, columns, first = layout
    tall, step, warps, stages = config
    rows, pixels = len(first) - 1, x.shape[0]
    run = 16 if integer and block >= 16 and product.cin % 16 == 0 else 8
    block_sparse_product[(rows * triton.cdiv(pixels, tall),)](
        x,
        tiles,
        columns,
        first,
        out,
        pixels,
        x.shape[1],
        rows,
        product.cout,
        TALL=tall,
        BLOCK=block,
        STEP=step,
        RUN=run,
        SUM=tl.int32 if integer else tl.float32,
        num_warps=warps,
        num_stages=stages,
    )
