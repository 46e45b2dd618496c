// Which elements of its inputs an operator reads for a box of its output: affine in every dimension.
#include <algorithm>
#include <deque>
#include <limits>

#include "sim/ops/operator.h"
#include "sim/ops/pick_reads.h"

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

Region reads_of_part(const Layer& l, std::size_t input, const Region& out, int from, int channels) {
  Region r = reads(l, input, out);
  if (input > 0 && !l.matmul.by_rows) {  // a channel of the first input is a row of the second
    r.h1 = std::min(r.h1, r.h0 + from + channels);
    r.h0 += from;
  } else {
    r.c0 += from;
    r.c1 = r.c0 + channels;
  }
  return r;
}

// The first and the last pixel that a position reads.
int first_of(int position) { return position >> position_bits; }
int last_of(int position) { return (position + position_steps - 1) >> position_bits; }

// What positions [lo, hi) of one side of a remap read; one element where all of them are zero.
void positions_read(const std::vector<int>& positions, int& lo, int& hi) {
  int first = std::numeric_limits<int>::max(), last = -1;
  for (int i = lo; i < hi; ++i) {
    const int p = positions[static_cast<std::size_t>(i)];
    if (p < 0) continue;
    first = std::min(first, first_of(p));
    last = std::max(last, last_of(p));
  }
  lo = last < 0 ? 0 : first;
  hi = last < 0 ? 1 : last + 1;
}

// The most that `count` positions read, wherever they begin: the window slides, and of what it holds the candidates for
// the least and the largest pixel are kept in order.
int positions_read_at_most(const std::vector<int>& positions, int count) {
  std::deque<int> least, largest;  // indices
  const auto at = [&](int i) { return positions[static_cast<std::size_t>(i)]; };
  int most = 1;
  for (int i = 0; i < static_cast<int>(positions.size()); ++i) {
    if (at(i) >= 0) {
      while (!least.empty() && first_of(at(least.back())) >= first_of(at(i))) least.pop_back();
      while (!largest.empty() && last_of(at(largest.back())) <= last_of(at(i))) largest.pop_back();
      least.push_back(i);
      largest.push_back(i);
    }
    for (std::deque<int>* list : {&least, &largest})
      while (!list->empty() && list->front() <= i - count) list->pop_front();
    if (!least.empty()) most = std::max(most, last_of(at(largest.front())) - first_of(at(least.front())) + 1);
  }
  return most;
}

// Rows [g * group_rows, ...) of the groups that the output rows belong to; of a single group just its part.
Region transposed_reads(const Layer& l, const Region& out) {
  const int first = out.h0 / l.in.c, last = (out.h1 - 1) / l.in.c;
  Region r{first * l.group_rows, (last + 1) * l.group_rows, 0, 1, 0, stored_channels(l.in.c)};
  if (first != last) return r;
  r.h1 = r.h0 + std::min(l.group_rows, out.c1);
  r.h0 += out.c0;
  r.c0 = (out.h0 - first * l.in.c) / 8 * 8;
  r.c1 = stored_channels(out.h1 - first * l.in.c);
  return r;
}

Region reads(const Layer& l, std::size_t input, const Region& out) {
  if (l.op == Op::transpose) return transposed_reads(l, out);
  if (l.op == Op::remap) {
    Region r = out;
    positions_read(l.remap.rows, r.h0, r.h1);
    positions_read(l.remap.columns, r.w0, r.w1);
    return r;
  }
  if (l.op == Op::matmul) return matmul_reads(l, input, out);
  Region r = out;
  if (input > 0) {
    if (l.op == Op::concat) return r;
    broadcast(r.h0, r.h1, l.second.h, l.out.h);
    broadcast(r.w0, r.w1, l.second.w, l.out.w);
    return r;
  }
  if (l.op == Op::pick) {
    pick_reads(l, r);
    return r;
  }
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
  const auto touched = [](int span, int unit, int all) {
    return std::min<int>(static_cast<int>(ceil_div(all, unit)), (span + unit - 2) / unit + 1);
  };
  if (l.op == Op::remap)
    return {positions_read_at_most(l.remap.rows, out.h), positions_read_at_most(l.remap.columns, out.w), out.c};
  if (l.op == Op::pick) {
    Shape box = out;
    pick_reads_at_most(l, box);
    return box;
  }
  if (l.op == Op::transpose) {
    const int groups = touched(out.h, l.in.c, l.out.h), channels = stored_channels(l.in.c);
    return {groups == 1 ? std::min(l.group_rows, out.c) : groups * l.group_rows, 1,
            groups == 1 ? std::min(channels, stored_channels(out.h + 7)) : channels};
  }
  Region r = reads(l, input, {0, out.h, 0, out.w, 0, out.c});
  // Of an unaligned box: it may touch one more of what it reads in whole.
  if (l.op == Op::resize || l.op == Op::depth_to_space) {
    r.h1 = std::min(l.in.h, r.h1 + (out.h > 1 && l.factor_h > 1 ? 1 : 0));
    r.w1 = std::min(l.in.w, r.w1 + (out.w > 1 && l.factor_w > 1 ? 1 : 0));
  }
  if (l.op != Op::matmul) return {r.h1 - r.h0, r.w1 - r.w0, r.c1 - r.c0};
  const MatMul& m = l.matmul;
  if (input == 0) {
    if (!m.by_rows) r.w1 = r.w0 + touched(out.c, m.depth, l.out.c);
    return {out.h, r.w1 - r.w0, r.c1 - r.c0};
  }
  const int groups = touched(out.h, m.rows, l.out.h);
  const int one = m.by_rows ? std::min(m.second_rows, out.c) : m.second_rows;
  return {groups == 1 ? one : groups * m.second_rows, 1, r.c1 - r.c0};
}

}  // namespace tessera::ops
