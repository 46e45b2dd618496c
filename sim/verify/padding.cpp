// The zeros that outbound transfers of memory tiles add: the part of Dataflow that knows padding.
#include <fmt/format.h>

#include <algorithm>

#include "sim/verify/dataflow.h"
#include "sim/verify/limits.h"

namespace tessera::verify {

// The region that leaves the memory tile, padding included; zeros may only stand for what lies outside of the tensor.
program::Region Dataflow::padded(const Here& here, const program::Transfer& t) {
  program::Region r = t.region;
  const network::Shape s = map_of(t, p_);
  const std::int64_t nc = depth_of(r), nw = cols_of(r), nh = rows_of(r);
  std::int64_t inside_bytes = 1;
  for (int d = 0; d < t.access.rank; inside_bytes *= t.access.dims[d].count, ++d) {
    const program::AccessDim& m = t.access.dims[d];
    if (m.pad_before == 0 && m.pad_after == 0) continue;
    bool height = inside_bytes == nc * nw && m.count == nh;
    const bool width = inside_bytes == nc && m.count == nw;
    if (height && width)  // one pixel: the dimension that the position says, width before height
      height = d >= 2 || !((m.pad_before == 0 || r.w0 == 0) && (m.pad_after == 0 || r.w1 == s.w));
    if (height) {
      if ((m.pad_before > 0 && r.h0 != 0) || (m.pad_after > 0 && r.h1 != s.h))
        report(here, t.layer, "pads with zeros where the tensor goes on: rows of " + region_text(t.region));
      r.h0 -= m.pad_before;
      r.h1 += m.pad_after;
    } else if (width) {
      if ((m.pad_before > 0 && r.w0 != 0) || (m.pad_after > 0 && r.w1 != s.w))
        report(here, t.layer, "pads with zeros where the tensor goes on: columns of " + region_text(t.region));
      r.w0 -= m.pad_before;
      r.w1 += m.pad_after;
    } else {
      report(here, t.layer,
             fmt::format("pads dimension {}, which is neither rows nor columns of {}", d, region_text(r)));
    }
  }
  return r;
}

// Calls f(part, outside) for the parts of a box of which each lies within the tensor or outside of it, in h, w, c
// order.
template <class F>
static void each_side(const program::Region& box, const network::Shape& s, const F& f) {
  const auto part = [&](int h0, int h1, int w0, int w1, bool outside) {
    if (h0 < h1 && w0 < w1) f(program::Region{h0, h1, w0, w1, box.c0, box.c1}, outside);
  };
  if (box.w1 <= 0 || box.w0 >= s.w) return part(box.h0, box.h1, box.w0, box.w1, true);
  part(box.h0, std::min(box.h1, 0), box.w0, box.w1, true);
  for (int h = std::max(box.h0, 0); h < std::min(box.h1, s.h); ++h) {
    part(h, h + 1, box.w0, std::min(box.w1, 0), true);
    part(h, h + 1, std::max(box.w0, 0), std::min(box.w1, s.w), false);
    part(h, h + 1, std::max(box.w0, s.w), box.w1, true);
  }
  part(std::max(box.h0, s.h), box.h1, box.w0, box.w1, true);
}

// Zeros around a tensor. The elements read to send them say nothing: they stand among the zeros as bytes without
// content, and so do zeros that stand where the tensor goes on.
void Dataflow::load_padding(const Here& here, const program::Transfer& t, Shadow& m, std::vector<StreamPart>& stream) {
  read_bytes(here, t, m);
  const program::Region& r = t.region;
  const int extents[] = {depth_of(r), cols_of(r), rows_of(r)};
  program::AccessDim dims[3];
  bool runs_through = t.access.rank <= 3;
  for (int d = 0; d < 3; ++d) {
    if (d < t.access.rank) dims[d] = t.access.dims[static_cast<std::size_t>(d)];
    runs_through = runs_through && dims[d].pad_before + dims[d].count + dims[d].pad_after == extents[d];
  }
  if (!runs_through || dims[0].pad_before != 0 || dims[0].pad_after != 0)
    return report(here, t.layer, "its access does not run through the padding " + region_text(r) + " in h, w, c order");
  const program::Region read{r.h0 + dims[2].pad_before,
                             r.h1 - dims[2].pad_after,
                             r.w0 + dims[1].pad_before,
                             r.w1 - dims[1].pad_after,
                             r.c0,
                             r.c1};
  Bytes offset = 0;
  const auto add = [&](int key, const program::Region& box) {
    if (empty(box)) return;
    stream.push_back({offset, key, box});
    offset += box.elements();
  };
  const auto add_zeros = [&](const program::Region& box) {
    each_side(box, map_of(t, p_), [&](const program::Region& part, bool outside) {
      add(outside ? contents_.lattice_key(t.tensor, t.lattice) : -1, part);
    });
  };
  add_zeros({r.h0, read.h0, r.w0, r.w1, r.c0, r.c1});
  for (int h = read.h0; h < read.h1; ++h) {
    add_zeros({h, h + 1, r.w0, read.w0, r.c0, r.c1});
    add(-1, {h, h + 1, read.w0, read.w1, r.c0, r.c1});
    add_zeros({h, h + 1, read.w1, r.w1, r.c0, r.c1});
  }
  add_zeros({read.h1, r.h1, r.w0, r.w1, r.c0, r.c1});
}

}  // namespace tessera::verify
