#include "sim/ops/pick_reads.h"

#include <algorithm>
#include <cstdlib>

namespace tessera::ops {
namespace {

struct Span {
  std::int64_t low = 0, high = 0;  // both read
};

// Positions along one side of the input, or pixels: the start and what a step of each digit adds.
struct Side {
  std::int64_t start = 0;
  std::vector<std::int64_t> strides;
};

Span whole(const Side& side, const std::vector<int>& sizes) {
  Span s{side.start, side.start};
  for (std::size_t d = 0; d < sizes.size(); ++d)
    (side.strides[d] < 0 ? s.low : s.high) += side.strides[d] * (sizes[d] - 1);
  return s;
}

// Of outputs [t0, t1), counted by the digits.
Span read_by(const Side& side, const std::vector<int>& sizes, std::int64_t t0, std::int64_t t1) {
  Span s{side.start, side.start};
  std::int64_t inner = 1;
  for (const int size : sizes) inner *= size;
  bool differ = false;  // an outer digit does
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    inner /= sizes[d];
    const std::int64_t first = differ ? 0 : t0 / inner % sizes[d],
                       last = differ ? sizes[d] - 1 : (t1 - 1) / inner % sizes[d];
    s.low += std::min(first * side.strides[d], last * side.strides[d]);
    s.high += std::max(first * side.strides[d], last * side.strides[d]);
    differ = differ || first != last;
  }
  return s;
}

// The most that `count` outputs reach over, wherever they begin.
std::int64_t read_at_most(const Side& side, const std::vector<int>& sizes, std::int64_t count) {
  std::int64_t most = 1, inner = 1, within = 0;  // what the digits behind reach over, less one
  for (std::size_t d = sizes.size(); d-- > 0;) {
    const std::int64_t values = count < 2 ? 1 : std::min<std::int64_t>(sizes[d], (count + inner - 2) / inner + 1),
                       step = std::abs(side.strides[d]);
    if (values > 1) most = std::max(most, (values - 1) * step + within + 1);
    within += (sizes[d] - 1) * step;
    inner *= sizes[d];
  }
  return most;
}

// The digits as steps of rows and of columns; where a column would carry into the next row, as steps of pixels.
struct Digits {
  std::vector<int> sizes;
  Side rows, columns;
  bool apart = true;
};

Digits digits_of(const Layer& l) {
  const std::int64_t width = l.in.w;
  Digits digits{{}, {l.pixels.from / width, {}}, {l.pixels.from % width, {}}};
  const auto put = [&](std::int64_t size, std::int64_t stride) {
    const bool row = stride % width == 0;
    digits.apart = digits.apart && (row || std::abs(stride) < width);
    digits.sizes.push_back(static_cast<int>(size));
    digits.rows.strides.push_back(row ? stride / width : 0);
    digits.columns.strides.push_back(row ? 0 : stride);
  };
  for (std::size_t d = 0; d < l.pixels.sizes.size(); ++d) {
    const std::int64_t size = l.pixels.sizes[d], stride = l.pixels.strides[d];
    if (stride > 0 && stride < width && width % stride == 0 && size * stride > width && size * stride % width == 0) {
      put(size * stride / width, width);  // whole rows: a digit of rows and one of columns
      put(width / stride, stride);
    } else {
      put(size, stride);
    }
  }
  const Span columns = whole(digits.columns, digits.sizes);
  digits.apart = digits.apart && columns.low >= 0 && columns.high < width;
  if (digits.apart) return digits;
  digits.sizes = l.pixels.sizes;
  digits.rows = {l.pixels.from, {l.pixels.strides.begin(), l.pixels.strides.end()}};
  return digits;
}

}  // namespace

void pick_reads(const Layer& l, Region& r) {
  const Pixels& p = l.pixels;
  const std::int64_t t0 = std::max<std::int64_t>(0, std::int64_t{r.h0} * l.out.w + r.w0 - p.first),
                     t1 = std::min<std::int64_t>(p.count(), (r.h1 - std::int64_t{1}) * l.out.w + r.w1 - p.first);
  if (t0 >= t1) {
    r = {0, 1, 0, 1, r.c0, r.c1};
    return;
  }
  const Digits digits = digits_of(l);
  Span rows = read_by(digits.rows, digits.sizes, t0, t1), columns{0, l.in.w - 1};
  if (digits.apart)
    columns = read_by(digits.columns, digits.sizes, t0, t1);
  else
    rows = {rows.low / l.in.w, rows.high / l.in.w};
  r = {static_cast<int>(rows.low),
       static_cast<int>(rows.high + 1),
       static_cast<int>(columns.low),
       static_cast<int>(columns.high + 1),
       r.c0,
       r.c1};
}

void pick_reads_at_most(const Layer& l, Shape& box) {
  const std::int64_t count =
      std::min<std::int64_t>(l.pixels.count(), (box.h - std::int64_t{1}) * l.out.w + std::min(box.w, l.out.w));
  const Digits digits = digits_of(l);
  std::int64_t rows = read_at_most(digits.rows, digits.sizes, count), columns = l.in.w;
  if (digits.apart)
    columns = read_at_most(digits.columns, digits.sizes, count);
  else
    rows = (rows + l.in.w - 2) / l.in.w + 1;
  box.h = static_cast<int>(std::min<std::int64_t>(rows, l.in.h));
  box.w = static_cast<int>(std::min<std::int64_t>(columns, l.in.w));
}

}  // namespace tessera::ops
