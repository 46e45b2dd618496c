#include "sim/schedule/verify/boxes.h"

#include <algorithm>

namespace tessera::verifying {

bool Placed::agrees(const Placed& other, const Region& part) const {
  return address(part.h0, part.w0, part.c0) == other.address(part.h0, part.w0, part.c0) &&
         (rows_of(part) == 1 || ph == other.ph) && (cols_of(part) == 1 || pw == other.pw);
}

namespace {

// Indices i in [0, count) for which [i * pitch, i * pitch + extent) meets [lo, hi), as [first, last).
void meeting(std::int64_t count, std::int64_t pitch, std::int64_t extent, std::int64_t lo, std::int64_t hi,
             std::int64_t& first, std::int64_t& last) {
  if (pitch <= 0 || count == 1) {
    first = 0;
    last = lo < extent && hi > 0 ? count : 0;
    return;
  }
  // i * pitch + extent > lo  and  i * pitch < hi
  first = lo < extent ? 0 : (lo - extent) / pitch + 1;
  last = hi <= 0 ? 0 : (hi - 1) / pitch + 1;
  last = std::min(last, count);
  if (last < first) last = first;
}

}  // namespace

bool touches(const Placed& p, std::int64_t lo, std::int64_t hi) {
  lo -= p.base;
  hi -= p.base;
  const std::int64_t nc = depth_of(p.box), nw = cols_of(p.box), nh = rows_of(p.box);
  const std::int64_t row = (nw - 1) * p.pw + nc;
  std::int64_t h0 = 0, h1 = 0;
  meeting(nh, p.ph, row, lo, hi, h0, h1);
  if (h0 >= h1) return false;
  if (nw == 1 || p.pw == nc) return true;
  if (h1 - h0 > 2) return true;  // a whole row lies between the ends
  for (std::int64_t h = h0; h < h1; ++h) {
    std::int64_t w0 = 0, w1 = 0;
    meeting(nw, p.pw, nc, lo - h * p.ph, hi - h * p.ph, w0, w1);
    if (w0 < w1) return true;
  }
  return false;
}

namespace {

// The parts of `a` (in its coordinates) that share bytes with `b`, when both lie on one grid: pitches equal where both
// have several rows or pixels, no row or run longer than its pitch. Offsets between the two decompose into rows, pixels
// and bytes in at most four ways, each of which gives a box. False when the two lie on different grids.
bool common_parts(const Placed& a, const Placed& b, std::vector<Region>& parts) {
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
      Region r;
      if (range(dh, rows_of(a.box), rows_of(b.box), a.box.h0, r.h0, r.h1) &&
          range(dw, cols_of(a.box), cols_of(b.box), a.box.w0, r.w0, r.w1) &&
          range(in_row - dw * pw, depth_of(a.box), depth_of(b.box), a.box.c0, r.c0, r.c1))
        parts.push_back(r);
    }
  }
  return true;
}

}  // namespace

void shared_parts(const Placed& a, const Probe& probe, std::vector<Region>& parts) {
  const Placed& b = probe.placed();
  if (a.base >= b.end() || b.base >= a.end()) return;
  if (one_grid(a, b)) {
    const Region common = intersect(a.box, b.box);
    if (!empty(common)) parts.push_back(common);
    return;
  }
  shared_parts_apart(a, probe, parts);
}

void shared_parts_apart(const Placed& a, const Probe& probe, std::vector<Region>& parts) {
  const Placed& b = probe.placed();
  if (common_parts(a, b, parts)) return;
  // Only rows of `a` that reach into the addresses of `b`.
  Region rows = a.box;
  if (rows_of(a.box) > 1 && a.ph > 0) {
    const std::int64_t span = (cols_of(a.box) - 1) * a.pw + depth_of(a.box);
    const std::int64_t first = b.base - a.base - span, last = b.end() - a.base;
    if (first >= 0) rows.h0 += static_cast<int>(first / a.ph) + 1;
    rows.h1 = static_cast<int>(std::min<std::int64_t>(rows.h1, a.box.h0 + (last + a.ph - 1) / a.ph));
    if (empty(rows)) return;
  }
  bool meet = false;
  if (a.dense()) {
    meet = probe.touches(a.base, a.end());
  } else if (b.dense()) {
    meet = touches(a, b.base, b.end());
  } else {
    for (int h = rows.h0; h < rows.h1 && !meet; ++h)
      for (int w = 0; w < cols_of(a.box) && !meet; ++w) {
        const std::int64_t at = a.base + (h - a.box.h0) * a.ph + w * a.pw;
        meet = probe.touches(at, at + depth_of(a.box));
      }
  }
  if (meet) parts.push_back(rows);
}

namespace {

void keep(const Placed& from, const Region& part, std::vector<Placed>& rest) {
  if (!empty(part)) rest.push_back(from.cut(part));
}

// The box minus a region inside it, in at most six pieces.
void box_minus(const Placed& from, const Region& hole, std::vector<Placed>& rest) {
  Region r = from.box;
  keep(from, {r.h0, hole.h0, r.w0, r.w1, r.c0, r.c1}, rest);
  keep(from, {hole.h1, r.h1, r.w0, r.w1, r.c0, r.c1}, rest);
  r.h0 = hole.h0;
  r.h1 = hole.h1;
  keep(from, {r.h0, r.h1, r.w0, hole.w0, r.c0, r.c1}, rest);
  keep(from, {r.h0, r.h1, hole.w1, r.w1, r.c0, r.c1}, rest);
  r.w0 = hole.w0;
  r.w1 = hole.w1;
  keep(from, {r.h0, r.h1, r.w0, r.w1, r.c0, hole.c0}, rest);
  keep(from, {r.h0, r.h1, r.w0, r.w1, hole.c1, r.c1}, rest);
}

// One run of contiguous bytes (one pixel) minus whatever the hole has there.
void run_minus(const Placed& run, const Placed& hole, std::vector<Placed>& rest) {
  if (!hole.dense()) return;
  const Region& r = run.box;
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
    Region r = from.box;
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
    const Region common = intersect(from.box, hole.box);
    if (empty(common)) return rest.push_back(from);
    return box_minus(from, common, rest);
  }
  std::vector<Region> parts;
  if (!common_parts(from, hole, parts)) return subtract_slowly(from, hole, rest);
  std::vector<Placed> left{from};
  for (const Region& part : parts) {
    std::vector<Placed> next;
    for (const Placed& p : left) {
      const Region common = intersect(part, p.box);
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

}  // namespace tessera::verifying
