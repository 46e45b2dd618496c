// Convolutions whose taps or windows lie apart: what cores hold of their input.
#include <algorithm>

#include "sim/ops/operator.h"

namespace tessera::ops {

bool all_meet(int size, int taps, int dilation, int stride, int pad, int positions) {
  if (dilation <= size) return true;
  for (std::int64_t i = 0; i < positions; ++i) {
    const std::int64_t start = i * stride - pad, first = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
    if (first >= taps || start + first * dilation >= size) return false;
  }
  return true;
}

namespace {
constexpr int largest_step = 64;

bool on_lattice(int taps, int stride, int pad) { return taps == 1 && pad == 0 && stride > 0 && stride <= largest_step; }

// What is read for `out` in rows and columns of the lattice.
Region reads_on(const Lattice& lattice, const Layer& l, const Region& out) {
  Region r = reads(l, 0, out);
  const auto divide = [](int& lo, int& hi, int step) {  // lo is a multiple of it, and hi one more than another
    lo /= step;
    hi = (hi - 1) / step + 1;
  };
  if (lattice.h > 1) divide(r.h0, r.h1, lattice.h);
  if (lattice.w > 1) divide(r.w0, r.w1, lattice.w);
  return r;
}
}  // namespace

Lattice lattice_of(const Layer& l) {
  Lattice lattice;
  if (!has_window(l) || !has_weights(l)) return lattice;
  const Window& w = l.window;
  if (on_lattice(w.kh, w.sh, w.pad_top)) lattice.h = static_cast<std::int16_t>(w.sh);
  if (on_lattice(w.kw, w.sw, w.pad_left)) lattice.w = static_cast<std::int16_t>(w.sw);
  return lattice;
}

Window kernel_window(const Layer& l) {
  const Lattice lattice = lattice_of(l);
  Window w = l.window;
  w.sh /= lattice.h;
  w.sw /= lattice.w;
  return w;
}

Window packed_window(const Layer& l, int out_h, int out_w) {
  Window w = kernel_window(l);
  if ((w.dh == 1 && w.dw == 1) || !has_window(l) || !has_weights(l)) return w;
  // A window that reads zeros alone has no source that could send them.
  if (!all_meet(l.in.h, w.kh, w.dh, w.sh, w.pad_top, l.out.h) ||
      !all_meet(l.in.w, w.kw, w.dw, w.sw, w.pad_left, l.out.w))
    return w;
  w.dh = std::min(w.dh, (out_h - 1) * w.sh + 1);
  w.dw = std::min(w.dw, (out_w - 1) * w.sw + 1);
  return w;
}

std::pair<int, int> tile_sides(const Layer& l, const Region& out) {
  const Region all = reads_on(lattice_of(l), l, out);
  if (!has_window(l)) return {all.h1 - all.h0, all.w1 - all.w0};
  const Window w = packed_window(l, out.h1 - out.h0, out.w1 - out.w0);
  return {all.h1 - all.h0 - (l.window.extent_h() - w.extent_h()),
          all.w1 - all.w0 - (l.window.extent_w() - w.extent_w())};
}

std::vector<TapBox> tap_boxes(const Layer& l, const Region& out) {
  const Region all = reads_on(lattice_of(l), l, out);
  if (!has_window(l)) return {{all}};
  const Window& w = l.window;
  const Window packed = packed_window(l, out.h1 - out.h0, out.w1 - out.w0);
  const int rows = packed.dh < w.dh ? w.kh : 1, columns = packed.dw < w.dw ? w.kw : 1;
  std::vector<TapBox> boxes;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) {
      TapBox box{all, i * packed.dh, j * packed.dw};
      box.region.h0 += i * w.dh;
      box.region.w0 += j * w.dw;
      if (rows > 1) box.region.h1 = box.region.h0 + packed.dh;
      if (columns > 1) box.region.w1 = box.region.w0 + packed.dw;
      boxes.push_back(box);
    }
  return boxes;
}

}  // namespace tessera::ops
