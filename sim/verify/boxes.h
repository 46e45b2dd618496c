// Rectangles of content and where they stand: the arithmetic of the verifier. A box is a Region of something (elements
// of a tensor, bytes of a chunk); placed, every element has an address: base + (h - h0) * ph + (w - w0) * pw + (c -
// c0).
#pragma once
#include <algorithm>
#include <vector>

#include "sim/program/program.h"
#include "sim/verify/few.h"

namespace tessera::verify {

inline int rows_of(const program::Region& r) { return r.h1 - r.h0; }
inline int cols_of(const program::Region& r) { return r.w1 - r.w0; }
inline int depth_of(const program::Region& r) { return r.c1 - r.c0; }
inline bool empty(const program::Region& r) { return r.h1 <= r.h0 || r.w1 <= r.w0 || r.c1 <= r.c0; }
inline bool same(const program::Region& a, const program::Region& b) {
  return a.h0 == b.h0 && a.h1 == b.h1 && a.w0 == b.w0 && a.w1 == b.w1 && a.c0 == b.c0 && a.c1 == b.c1;
}
inline bool meet(const program::Region& a, const program::Region& b) {
  return a.h0 < b.h1 && b.h0 < a.h1 && a.w0 < b.w1 && b.w0 < a.w1 && a.c0 < b.c1 && b.c0 < a.c1;
}
inline program::Region intersect(const program::Region& a, const program::Region& b) {
  return {std::max(a.h0, b.h0), std::min(a.h1, b.h1), std::max(a.w0, b.w0),
          std::min(a.w1, b.w1), std::max(a.c0, b.c0), std::min(a.c1, b.c1)};
}
inline program::Region hull(const program::Region& a, const program::Region& b) {
  return {std::min(a.h0, b.h0), std::max(a.h1, b.h1), std::min(a.w0, b.w0),
          std::max(a.w1, b.w1), std::min(a.c0, b.c0), std::max(a.c1, b.c1)};
}
inline bool inside(const program::Region& inner, const program::Region& outer) {
  return inner.h0 >= outer.h0 && inner.h1 <= outer.h1 && inner.w0 >= outer.w0 && inner.w1 <= outer.w1 &&
         inner.c0 >= outer.c0 && inner.c1 <= outer.c1;
}

// Calls f(part) for the at most six parts of `box` outside of `hole`, a region inside it.
template <class F>
void each_outside(const program::Region& hole, const program::Region& box, F&& f) {
  const auto keep = [&](const program::Region& part) {
    if (!empty(part)) f(part);
  };
  keep({box.h0, hole.h0, box.w0, box.w1, box.c0, box.c1});
  keep({hole.h1, box.h1, box.w0, box.w1, box.c0, box.c1});
  keep({hole.h0, hole.h1, box.w0, hole.w0, box.c0, box.c1});
  keep({hole.h0, hole.h1, hole.w1, box.w1, box.c0, box.c1});
  keep({hole.h0, hole.h1, hole.w0, hole.w1, box.c0, hole.c0});
  keep({hole.h0, hole.h1, hole.w0, hole.w1, hole.c1, box.c1});
}

// Boxes that lie apart from each other; those that make a larger one are joined.
using Boxes = Few<program::Region, 1>;
// True when nothing of the box was there before; what was is appended to `again`.
bool add_box(Boxes& boxes, program::Region box, std::vector<program::Region>* again = nullptr);

struct Placed {
  int key = -1;  // of what; -1: bytes without meaning
  program::Region box;
  std::int64_t base = 0;
  std::int64_t ph = 0, pw = 0;  // distance of rows and of pixels in bytes

  std::int64_t address(int h, int w, int c) const {
    return base + (h - box.h0) * ph + (w - box.w0) * pw + (c - box.c0);
  }
  std::int64_t end() const { return base + (rows_of(box) - 1) * ph + (cols_of(box) - 1) * pw + depth_of(box); }
  bool dense() const { return end() - base == box.elements(); }
  // The part of this that `part`, a region inside the box, covers.
  Placed cut(const program::Region& part) const { return {key, part, address(part.h0, part.w0, part.c0), ph, pw}; }
  // Whether the elements of `part`, inside both boxes, stand at the same addresses in both.
  bool agrees(const Placed& other, const program::Region& part) const;
};

// Calls f(region) for all that stands at the same addresses in both, of a region inside both boxes. Grids that differ
// may share a row or a pixel.
template <class F>
void each_agreeing(const Placed& a, const Placed& b, const program::Region& part, F&& f) {
  if (empty(part)) return;
  if (a.agrees(b, part)) return f(part);
  for (int h = part.h0; h < part.h1; ++h) {
    const std::int64_t apart = a.address(h, part.w0, part.c0) - b.address(h, part.w0, part.c0), by = a.pw - b.pw;
    if (apart == 0 && (by == 0 || cols_of(part) == 1)) {
      f({h, h + 1, part.w0, part.w1, part.c0, part.c1});
    } else if (by != 0 && apart % by == 0 && -apart / by >= 0 && -apart / by < cols_of(part)) {
      const int w = part.w0 + static_cast<int>(-apart / by);
      f({h, h + 1, w, w + 1, part.c0, part.c1});
    }
  }
}

// A box has at most so many bytes in a row: its coordinates are ints.
constexpr std::int64_t longest_run = 1 << 30;

inline Placed bytes_at(int key, std::int64_t base, std::int64_t first, std::int64_t last) {
  return {key, {0, 1, 0, 1, static_cast<int>(first), static_cast<int>(last)}, base, 0, 0};
}

// Pitches that both boxes have; one of a single row or pixel takes that of the other. False when they differ.
inline bool common_pitches(const Placed& a, const Placed& b, std::int64_t& ph, std::int64_t& pw) {
  const auto pick = [](int na, std::int64_t pa, int nb, std::int64_t pb, std::int64_t& p) {
    p = na > 1 ? pa : nb > 1 ? pb : pa == pb ? pa : 0;
    return na == 1 || nb == 1 || pa == pb;
  };
  return pick(rows_of(a.box), a.ph, rows_of(b.box), b.ph, ph) && pick(cols_of(a.box), a.pw, cols_of(b.box), b.pw, pw);
}

// Whether the two boxes have one origin on one grid on which no two elements of the box around both share a byte: what
// they share then is what their coordinates say.
inline bool one_grid(const Placed& a, const Placed& b) {
  std::int64_t ph = 0, pw = 0;
  if (!common_pitches(a, b, ph, pw)) return false;
  const std::int64_t dh = b.box.h0 - a.box.h0, dw = b.box.w0 - a.box.w0, dc = b.box.c0 - a.box.c0;
  if (b.base - a.base != dh * ph + dw * pw + dc || (ph == 0 && dh != 0) || (pw == 0 && dw != 0)) return false;
  const std::int64_t nw = std::max(a.box.w1, b.box.w1) - std::min(a.box.w0, b.box.w0);
  const std::int64_t nc = std::max(a.box.c1, b.box.c1) - std::min(a.box.c0, b.box.c0);
  return (pw == 0 || nc <= pw) && (ph == 0 || (nw - 1) * pw + nc <= ph);
}

// Whether any byte of `p` lies in [lo, hi).
bool touches(const Placed& p, std::int64_t lo, std::int64_t hi);

// Appends the parts of `a`, in its coordinates, that share bytes with `b`; none when the two share none. All rows of
// `a` that reach into the addresses of `b` when the two lie on different grids and meet anywhere.
void shared_parts(const Placed& a, const Placed& b, std::vector<program::Region>& parts);
bool share(const Placed& a, const Placed& b);
// How much of `a` shares bytes with `b`: `some` also where that is not easily told.
enum class Overlap { none, some, whole };
Overlap may_overlap(const Placed& a, const Placed& b);
// What of `from` is not covered by `hole`, appended to `rest`. Exact down to runs of contiguous bytes; a run that an
// interleaved `hole` meets in part is dropped as a whole.
void subtract(const Placed& from, const Placed& hole, std::vector<Placed>& rest);

// ---- accesses ----

// The same without its padding.
program::Access bare(program::Access access);
// The stream bytes [offset, offset + n) of an access without padding, as accesses of their own, in order.
void slice(const program::Access& access, Bytes offset, Bytes n, std::vector<program::Access>& parts);
// Places a box whose elements pass through `access` in h, w, c order. False when that is not a regular pattern.
bool place(int key, const program::Region& box, const program::Access& access, Placed& placed);
// The same, cut into as many pieces as needed.
void place_all(int key, const program::Region& box, const program::Access& access, std::vector<Placed>& placed);
// Bytes without meaning that an access touches.
void place_bytes(const program::Access& access, std::vector<Placed>& placed);
// The part [offset, offset + n) of a box's elements in h, w, c order, as boxes in order.
void split_stream(const program::Region& box, Bytes offset, Bytes n, std::vector<program::Region>& parts);

}  // namespace tessera::verify
