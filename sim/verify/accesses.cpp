// Accesses as boxes: which element of what passes where.
#include <algorithm>

#include "sim/verify/boxes.h"

namespace tessera::verify {
namespace {

struct Dim {
  std::int64_t count, step;
};

// Dimensions without those of one index and with contiguous ones merged: two patterns that touch the same bytes in the
// same order have the same list.
struct Pattern {
  Dim dims[4];
  int rank = 0;
  void add(std::int64_t count, std::int64_t step) {
    if (count == 1) return;
    if (rank > 0 && step == dims[rank - 1].count * dims[rank - 1].step) {
      dims[rank - 1].count *= count;
      return;
    }
    dims[rank++] = {count, step};
  }
  bool operator==(const Pattern& o) const {
    return rank == o.rank && std::equal(dims, dims + rank, o.dims, [](const Dim& a, const Dim& b) {
             return a.count == b.count && a.step == b.step;
           });
  }
};

std::int64_t address_of(const program::Access& a, Bytes position) {
  std::int64_t at = a.base;
  for (int d = 0; d < a.rank; ++d) {
    at += position % a.dims[d].count * a.dims[d].step;
    position /= a.dims[d].count;
  }
  return at;
}

void slice_dims(const program::Access& a, int dims, std::int64_t base, Bytes offset, Bytes n,
                std::vector<program::Access>& parts) {
  Bytes inner = 1;
  for (int d = 0; d + 1 < dims; ++d) inner *= a.dims[d].count;
  const program::AccessDim& outer = a.dims[dims - 1];
  const auto emit = [&](std::int64_t at, Bytes count) {
    program::Access part = a;
    part.base = at;
    part.rank = static_cast<std::int8_t>(dims);
    part.dims[dims - 1].count = static_cast<std::int32_t>(count);
    parts.push_back(part);
  };
  if (dims == 1 || (offset % inner == 0 && n % inner == 0)) return emit(base + offset / inner * outer.step, n / inner);
  while (n > 0) {
    const Bytes i = offset / inner, head = offset % inner;
    if (head == 0 && n >= inner) {
      emit(base + i * outer.step, n / inner);
      offset += n / inner * inner;
      n %= inner;
    } else {
      const Bytes part = std::min(inner - head, n);
      slice_dims(a, dims - 1, base + i * outer.step, head, part, parts);
      offset += part;
      n -= part;
    }
  }
}

}  // namespace

program::Access bare(program::Access access) {
  for (program::AccessDim& d : access.dims) d.pad_before = d.pad_after = 0;
  return access;
}

void slice(const program::Access& access, Bytes offset, Bytes n, std::vector<program::Access>& parts) {
  if (n > 0) slice_dims(access, access.rank, access.base, offset, n, parts);
}

bool place(int key, const program::Region& box, const program::Access& access, Placed& placed) {
  const std::int64_t nh = rows_of(box), nw = cols_of(box), nc = depth_of(box);
  placed.key = key;
  placed.box = box;
  placed.base = access.base;
  placed.pw = nw > 1 ? address_of(access, nc) - access.base : 0;
  placed.ph = nh > 1 ? address_of(access, nw * nc) - access.base : 0;
  Pattern have, want;
  for (int d = 0; d < access.rank; ++d) have.add(access.dims[d].count, access.dims[d].step);
  want.add(nc, 1);
  want.add(nw, placed.pw);
  want.add(nh, placed.ph);
  return have == want && (nw == 1 || placed.pw >= nc) && (nh == 1 || placed.ph >= (nw - 1) * placed.pw + nc);
}

void place_all(int key, const program::Region& box, const program::Access& access, std::vector<Placed>& placed) {
  Placed whole;
  if (place(key, box, access, whole)) return placed.push_back(whole);
  // One row (then one pixel, then one run) at a time.
  const int n = rows_of(box) > 1 ? rows_of(box) : cols_of(box);
  if (n > 1) {
    const Bytes inner = box.elements() / n;
    for (int i = 0; i < n; ++i) {
      program::Region r = box;
      if (rows_of(box) > 1) {
        r.h0 = box.h0 + i;
        r.h1 = r.h0 + 1;
      } else {
        r.w0 = box.w0 + i;
        r.w1 = r.w0 + 1;
      }
      std::vector<program::Access> parts;
      slice(access, i * inner, inner, parts);
      Bytes done = 0;
      for (const program::Access& part : parts) {
        std::vector<program::Region> regions;
        split_stream(r, done, part.memory_bytes(), regions);
        Bytes in_part = 0;
        for (const program::Region& region : regions) {
          std::vector<program::Access> pieces;
          slice(part, in_part, region.elements(), pieces);
          if (pieces.size() == 1) place_all(key, region, pieces[0], placed);
          in_part += region.elements();
        }
        done += part.memory_bytes();
      }
    }
    return;
  }
  const Bytes run = access.dims[0].count;
  for (Bytes at = 0; at < depth_of(box); at += run) {
    program::Region r = box;
    r.c0 = box.c0 + static_cast<int>(at);
    r.c1 = std::min(box.c1, r.c0 + static_cast<int>(run));
    placed.push_back({key, r, address_of(access, at), 0, 0});
  }
}

void place_bytes(const program::Access& access, std::vector<Placed>& placed) {
  Pattern p;
  for (int d = 0; d < access.rank; ++d)
    if (access.dims[d].step != 0) p.add(access.dims[d].count, access.dims[d].step);
  std::int64_t count[4] = {1, 1, 1, 1}, step[4] = {1, 0, 0, 0};
  for (int d = 0; d < p.rank; ++d) {
    count[d] = p.dims[d].count;
    step[d] = p.dims[d].step;
  }
  const auto runs = [&](std::int64_t lo, std::int64_t hi) {
    for (; lo < hi; lo += longest_run) placed.push_back(bytes_at(-1, lo, 0, std::min(longest_run, hi - lo)));
  };
  // Single bytes at a distance are not worth more than their hull, nor are boxes that ints do not count.
  const bool countable = *std::max_element(count, count + 3) <= longest_run;
  if (p.rank > 0 && (step[0] != 1 || !countable)) return runs(access.base, access.end());
  for (std::int64_t i = 0; i < count[3]; ++i) {
    Placed b;
    b.box = {0, static_cast<int>(count[2]), 0, static_cast<int>(count[1]), 0, static_cast<int>(count[0])};
    b.base = access.base + i * step[3];
    b.pw = step[1];
    b.ph = step[2];
    placed.push_back(b);
  }
}

void split_stream(const program::Region& box, Bytes offset, Bytes n, std::vector<program::Region>& parts) {
  const Bytes nc = depth_of(box), row = nc * cols_of(box);
  while (n > 0) {
    program::Region r = box;
    const Bytes h = offset / row, in_row = offset % row;
    Bytes taken = 0;
    if (in_row == 0 && n >= row) {
      taken = n / row * row;
      r.h0 = box.h0 + static_cast<int>(h);
      r.h1 = r.h0 + static_cast<int>(n / row);
    } else {
      r.h0 = box.h0 + static_cast<int>(h);
      r.h1 = r.h0 + 1;
      const Bytes left = std::min(n, row - in_row), w = in_row / nc, in_pixel = in_row % nc;
      r.w0 = box.w0 + static_cast<int>(w);
      if (in_pixel == 0 && left >= nc) {
        taken = left / nc * nc;
        r.w1 = r.w0 + static_cast<int>(left / nc);
      } else {
        taken = std::min(left, nc - in_pixel);
        r.w1 = r.w0 + 1;
        r.c0 = box.c0 + static_cast<int>(in_pixel);
        r.c1 = r.c0 + static_cast<int>(taken);
      }
    }
    parts.push_back(r);
    offset += taken;
    n -= taken;
  }
}

}  // namespace tessera::verify
