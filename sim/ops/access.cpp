// Which elements of its inputs an operator reads for a box of its output: affine in every dimension.
#include <algorithm>

#include "sim/ops/operator.h"

namespace tessera::ops {
namespace {

// A dimension in which a second input of one element stands for all.
void broadcast(int& lo, int& hi, int size, int out_size) {
  if (size == out_size) return;
  lo = 0;
  hi = size;
}

}  // namespace

// Rows of the second input that the groups of output rows [h0, h1) belong to.
void group_rows(const MatMul& m, Region& r) {
  const int first = r.h0 / m.rows, last = (r.h1 - 1) / m.rows;
  r.h0 = first * m.second_rows;
  r.h1 = (last + 1) * m.second_rows;
}

Region matmul_reads(const Layer& l, std::size_t input, const Region& out) {
  const MatMul& m = l.matmul;
  Region r = out;
  if (input > 0) group_rows(m, r);
  if (m.by_rows) {
    r.w0 = 0;
    r.w1 = 1;
    r.c0 = (input == 0 ? m.first : m.second) + out.w0 * m.depth;
    r.c1 = r.c0 + stored_channels((out.w1 - out.w0) * m.depth);
    if (input > 0 && r.h1 - r.h0 == m.second_rows) {  // one group: rows are output channels
      r.h1 = r.h0 + std::min(m.second_rows, out.c1);
      r.h0 += out.c0;
    }
    return r;
  }
  if (input == 0) {
    r.w0 = out.c0 / m.depth;
    r.w1 = std::min(m.heads, (out.c1 - 1) / m.depth + 1);
    r.c0 = 0;
    r.c1 = stored_channels(l.in.c);
    return r;
  }
  r.c0 += m.second;
  r.c1 += m.second;
  return r;
}

Region reads(const Layer& l, std::size_t input, const Region& out) {
  if (l.op == Op::matmul) return matmul_reads(l, input, out);
  Region r = out;
  if (input > 0) {
    if (l.op == Op::concat) return r;
    broadcast(r.h0, r.h1, l.second.h, l.out.h);
    broadcast(r.w0, r.w1, l.second.w, l.out.w);
    return r;
  }
  if (l.op == Op::pick) return {0, l.in.h, 0, l.in.w, out.c0, out.c1};
  if (l.op == Op::resize || l.op == Op::depth_to_space) {
    r.h0 = out.h0 / l.factor_h;
    r.h1 = (out.h1 - 1) / l.factor_h + 1;
    r.w0 = out.w0 / l.factor_w;
    r.w1 = (out.w1 - 1) / l.factor_w + 1;
  }
  if (has_window(l)) {
    const Window& w = l.window;
    r.h0 = out.h0 * w.sh - w.pad_top;
    r.h1 = (out.h1 - 1) * w.sh - w.pad_top + w.extent_h();
    r.w0 = out.w0 * w.sw - w.pad_left;
    r.w1 = (out.w1 - 1) * w.sw - w.pad_left + w.extent_w();
  }
  if (!channelwise(l)) {
    r.c0 = 0;
    r.c1 = stored_channels(l.in.c);
  }
  return r;
}

Shape reads_at_most(const Layer& l, std::size_t input, const Shape& out) {
  Region r = reads(l, input, {0, out.h, 0, out.w, 0, out.c});
  // Of an unaligned box: it may touch one more of what it reads in whole.
  if (l.op == Op::resize || l.op == Op::depth_to_space) {
    r.h1 = std::min(l.in.h, r.h1 + (out.h > 1 && l.factor_h > 1 ? 1 : 0));
    r.w1 = std::min(l.in.w, r.w1 + (out.w > 1 && l.factor_w > 1 ? 1 : 0));
  }
  if (l.op != Op::matmul) return {r.h1 - r.h0, r.w1 - r.w0, r.c1 - r.c0};
  const MatMul& m = l.matmul;
  const auto touched = [](int span, int unit, int all) {
    return std::min<int>(static_cast<int>(ceil_div(all, unit)), (span + unit - 2) / unit + 1);
  };
  if (input == 0) {
    if (!m.by_rows) r.w1 = r.w0 + touched(out.c, m.depth, l.out.c);
    return {out.h, r.w1 - r.w0, r.c1 - r.c0};
  }
  const int groups = touched(out.h, m.rows, l.out.h);
  const int one = m.by_rows ? std::min(m.second_rows, out.c) : m.second_rows;
  return {groups == 1 ? one : groups * m.second_rows, 1, r.c1 - r.c0};
}

}  // namespace tessera::ops
