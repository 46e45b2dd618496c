#include "sim/verify/boxes.h"

#include <algorithm>
#include <utility>

namespace tessera::verify {

bool Placed::agrees(const Placed& other, const program::Region& part) const {
  return address(part.h0, part.w0, part.c0) == other.address(part.h0, part.w0, part.c0) &&
         (rows_of(part) == 1 || ph == other.ph) && (cols_of(part) == 1 || pw == other.pw);
}

namespace {

// Whether two boxes apart from each other make a larger one.
bool make_one(const program::Region& a, const program::Region& b) {
  const auto adjoin = [](int a0, int a1, int b0, int b1) { return a1 == b0 || b1 == a0; };
  const bool same_w = a.w0 == b.w0 && a.w1 == b.w1, same_c = a.c0 == b.c0 && a.c1 == b.c1;
  if (a.h0 != b.h0 || a.h1 != b.h1) return same_w && same_c && adjoin(a.h0, a.h1, b.h0, b.h1);
  return (same_w && adjoin(a.c0, a.c1, b.c0, b.c1)) || (same_c && adjoin(a.w0, a.w1, b.w0, b.w1));
}

}  // namespace

bool add_box(Boxes& boxes, program::Region box, std::vector<program::Region>* again) {
  const auto drop = [&](std::size_t i) {
    boxes[i] = boxes.back();
    boxes.pop_back();
  };
  bool apart = true;
  for (std::size_t i = boxes.size(); i-- > 0;) {
    if (!meet(boxes[i], box)) continue;
    apart = false;
    const program::Region old = boxes[i], common = intersect(old, box);
    if (again != nullptr) again->push_back(common);
    drop(i);
    each_outside(common, old, [&](const program::Region& part) { boxes.push_back(part); });
  }
  for (std::size_t i = boxes.size(); i-- > 0;) {
    if (!make_one(boxes[i], box)) continue;
    box = hull(boxes[i], box);
    drop(i);
    i = boxes.size();
  }
  boxes.push_back(box);
  return apart;
}

namespace {

// Indices i in [0, count) for which [i * pitch, i * pitch + extent) meets [lo, hi), as [first, last).
std::pair<std::int64_t, std::int64_t> meeting(std::int64_t count, std::int64_t pitch, std::int64_t extent,
                                              std::int64_t lo, std::int64_t hi) {
  if (pitch <= 0 || count == 1) return {0, lo < extent && hi > 0 ? count : 0};
  // i * pitch + extent > lo  and  i * pitch < hi
  const std::int64_t first = lo < extent ? 0 : (lo - extent) / pitch + 1;
  const std::int64_t last = hi <= 0 ? 0 : (hi - 1) / pitch + 1;
  return {first, std::max(first, std::min(last, count))};
}

}  // namespace

bool touches(const Placed& p, std::int64_t lo, std::int64_t hi) {
  lo -= p.base;
  hi -= p.base;
  const std::int64_t nc = depth_of(p.box), nw = cols_of(p.box), nh = rows_of(p.box);
  const std::int64_t row = (nw - 1) * p.pw + nc;
  const auto [h0, h1] = meeting(nh, p.ph, row, lo, hi);
  if (h0 >= h1) return false;
  if (nw == 1 || p.pw == nc) return true;
  if (h1 - h0 > 2) return true;  // a whole row lies between the ends
  for (std::int64_t h = h0; h < h1; ++h) {
    const auto [w0, w1] = meeting(nw, p.pw, nc, lo - h * p.ph, hi - h * p.ph);
    if (w0 < w1) return true;
  }
  return false;
}

namespace {

// The parts of `a` (in its coordinates) that share bytes with `b`, when both lie on one grid: pitches equal where both
// have several rows or pixels, no row or run longer than its pitch. Offsets between the two decompose into rows, pixels
// and bytes in at most four ways, each of which gives a box: f(box). False when the two lie on different grids.
template <class F>
bool each_common(const Placed& a, const Placed& b, F&& f) {
  std::int64_t ph = 0, pw = 0;
  if (!common_pitches(a, b, ph, pw)) return false;
  const auto within = [&](const Placed& p) {
    const std::int64_t row = (cols_of(p.box) - 1) * pw + depth_of(p.box);
    return (pw == 0 || depth_of(p.box) <= pw) && (ph == 0 || row <= ph);
  };
  if (!within(a) || !within(b)) return false;
  const std::int64_t delta = b.base - a.base;
  const auto floor_div = [](std::int64_t x, std::int64_t y) { return x >= 0 ? x / y : -((-x + y - 1) / y); };
  const auto range = [](std::int64_t d, int n_a, int n_b, int origin, int& lo, int& hi) {
    const std::int64_t first = std::max<std::int64_t>(0, d), last = std::min<std::int64_t>(n_a, d + n_b);
    lo = origin + static_cast<int>(first);
    hi = origin + static_cast<int>(std::max(first, last));
    return first < last;
  };
  for (int i = 0; i < (ph > 0 ? 2 : 1); ++i) {
    const std::int64_t dh = ph > 0 ? floor_div(delta, ph) + i : 0;
    const std::int64_t in_row = delta - dh * ph;
    for (int j = 0; j < (pw > 0 ? 2 : 1); ++j) {
      const std::int64_t dw = pw > 0 ? floor_div(in_row, pw) + j : 0;
      program::Region r;
      if (range(dh, rows_of(a.box), rows_of(b.box), a.box.h0, r.h0, r.h1) &&
          range(dw, cols_of(a.box), cols_of(b.box), a.box.w0, r.w0, r.w1) &&
          range(in_row - dw * pw, depth_of(a.box), depth_of(b.box), a.box.c0, r.c0, r.c1))
        f(r);
    }
  }
  return true;
}

}  // namespace

namespace {

// The rows of `a` that reach into the addresses of `b`.
program::Region reaching(const Placed& a, const Placed& b) {
  program::Region rows = a.box;
  if (rows_of(a.box) == 1 || a.ph <= 0) return rows;
  const std::int64_t span = (cols_of(a.box) - 1) * a.pw + depth_of(a.box);
  const std::int64_t first = b.base - a.base - span, last = b.end() - a.base;
  if (first >= 0) rows.h0 += static_cast<int>(first / a.ph) + 1;
  rows.h1 = static_cast<int>(std::min<std::int64_t>(rows.h1, a.box.h0 + (last + a.ph - 1) / a.ph));
  return rows;
}

bool touch(const Placed& a, const program::Region& rows, const Placed& b) {
  if (empty(rows)) return false;
  if (a.dense()) return touches(b, a.base, a.end());
  if (b.dense()) return touches(a, b.base, b.end());
  for (int h = rows.h0; h < rows.h1; ++h)
    for (int w = 0; w < cols_of(a.box); ++w) {
      const std::int64_t at = a.base + (h - a.box.h0) * a.ph + w * a.pw;
      if (touches(b, at, at + depth_of(a.box))) return true;
    }
  return false;
}

}  // namespace

Overlap may_overlap(const Placed& a, const Placed& b) {
  if (a.base >= b.end() || b.base >= a.end()) return Overlap::none;
  const bool a_dense = a.dense(), b_dense = b.dense();
  if (a_dense && b_dense) return b.base <= a.base && b.end() >= a.end() ? Overlap::whole : Overlap::some;
  Overlap overlap = Overlap::none;
  const bool one = each_common(
      a, b, [&](const program::Region& part) { overlap = same(part, a.box) ? Overlap::whole : Overlap::some; });
  if (one) return overlap;
  const bool meet = a_dense ? touches(b, a.base, a.end()) : !b_dense || touches(a, b.base, b.end());
  return meet ? Overlap::some : Overlap::none;
}

void shared_parts(const Placed& a, const Placed& b, std::vector<program::Region>& parts) {
  if (a.base >= b.end() || b.base >= a.end()) return;
  if (each_common(a, b, [&](const program::Region& part) { parts.push_back(part); })) return;
  const program::Region rows = reaching(a, b);
  if (touch(a, rows, b)) parts.push_back(rows);
}

bool share(const Placed& a, const Placed& b) {
  if (a.base >= b.end() || b.base >= a.end()) return false;
  bool any = false;
  if (each_common(a, b, [&](const program::Region&) { any = true; })) return any;
  return touch(a, reaching(a, b), b);
}

namespace {

void keep(const Placed& from, const program::Region& part, std::vector<Placed>& rest) {
  if (!empty(part)) rest.push_back(from.cut(part));
}

void box_minus(const Placed& from, const program::Region& hole, std::vector<Placed>& rest) {
  each_outside(hole, from.box, [&](const program::Region& part) { rest.push_back(from.cut(part)); });
}

// One run of contiguous bytes (one pixel) minus whatever the hole has there.
void run_minus(const Placed& run, const Placed& hole, std::vector<Placed>& rest) {
  if (!hole.dense()) return;
  const program::Region& r = run.box;
  const auto clip = [&](std::int64_t v) { return static_cast<int>(std::clamp<std::int64_t>(v, 0, depth_of(r))); };
  const int lo = clip(hole.base - run.base), hi = clip(hole.end() - run.base);
  keep(run, {r.h0, r.h1, r.w0, r.w1, r.c0, r.c0 + lo}, rest);
  keep(run, {r.h0, r.h1, r.w0, r.w1, r.c0 + hi, r.c1}, rest);
}

// Untouched rows (or pixels of a row) stay together; those that are met are looked at more closely.
void subtract_slowly(const Placed& from, const Placed& hole, std::vector<Placed>& rest) {
  const bool by_row = rows_of(from.box) > 1;
  const int n = by_row ? rows_of(from.box) : cols_of(from.box);
  if (n == 1) return run_minus(from, hole, rest);
  const auto part = [&](int i, int j) {
    program::Region r = from.box;
    (by_row ? r.h0 : r.w0) += i;
    (by_row ? r.h1 : r.w1) = (by_row ? from.box.h0 : from.box.w0) + j;
    return from.cut(r);
  };
  int start = 0;
  for (int i = 0; i < n; ++i) {
    const Placed one = part(i, i + 1);
    if (!touches(hole, one.base, one.end())) continue;
    if (i > start) rest.push_back(part(start, i));
    start = i + 1;
    if (!(hole.dense() && hole.base <= one.base && hole.end() >= one.end())) subtract_slowly(one, hole, rest);
  }
  if (start < n) rest.push_back(part(start, n));
}

}  // namespace

void subtract(const Placed& from, const Placed& hole, std::vector<Placed>& rest) {
  if (hole.dense() && hole.base <= from.base && hole.end() >= from.end()) return;
  if (one_grid(from, hole)) {
    const program::Region common = intersect(from.box, hole.box);
    if (empty(common)) return rest.push_back(from);
    return box_minus(from, common, rest);
  }
  std::vector<program::Region> parts;
  if (!each_common(from, hole, [&](const program::Region& part) { parts.push_back(part); }))
    return subtract_slowly(from, hole, rest);
  std::vector<Placed> left{from};
  for (const program::Region& part : parts) {
    std::vector<Placed> next;
    for (const Placed& p : left) {
      const program::Region common = intersect(part, p.box);
      if (empty(common)) {
        next.push_back(p);
      } else {
        box_minus(p, common, next);
      }
    }
    left.swap(next);
  }
  rest.insert(rest.end(), left.begin(), left.end());
}

}  // namespace tessera::verify
