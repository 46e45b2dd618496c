// Do the schedulers find the forms that descriptors have for a pattern, and does cutting a stream lose or move nothing?
#include "sim/program/descriptor.h"

#include <catch2/catch.hpp>

#include "sim/base/random.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;

namespace {

Access box(std::int64_t base, int c, int w, std::int64_t pixel, int h, std::int64_t row) {
  Access a = linear(base, c);
  a.rank = 3;
  a.dims[1] = repeated(w, pixel);
  a.dims[2] = repeated(h, row);
  return a;
}

// The addresses an access touches, in order; padding is -1.
std::vector<std::int64_t> addresses(const Access& a) {
  std::vector<std::int64_t> list{a.base};
  for (int d = 0; d < a.rank; ++d) {
    const AccessDim& m = a.dims[static_cast<std::size_t>(d)];
    std::vector<std::int64_t> next(list.size() * static_cast<std::size_t>(m.pad_before), -1);
    for (int i = 0; i < m.count; ++i)
      for (std::int64_t at : list) next.push_back(at < 0 ? at : at + std::int64_t{i} * m.step);
    next.insert(next.end(), list.size() * static_cast<std::size_t>(m.pad_after), -1);
    list.swap(next);
  }
  return list;
}

DmaSpec fields(int dimensions, int wrap, int step = 1 << 20) {
  DmaSpec d;
  d.dimensions = dimensions;
  d.max_wrap = wrap;
  d.max_step = step;
  d.max_padding = {4, 3, 2};
  return d;
}

}  // namespace

TEST_CASE("what fits stays as it is") {
  const Access a = box(64, 32, 5, 64, 3, 1024);
  REQUIRE(fits(a, fields(3, 8)));
  CHECK(addresses(*encoded(a, fields(3, 8))) == addresses(a));
  CHECK(encoded(a, fields(3, 8))->rank == 3);
}

TEST_CASE("a count too large for a wrap becomes two, or stands in the last dimension") {
  const Access rows = box(0, 4, 1, 4, 600, 8);
  const auto last = encoded(rows, fields(3, 255));
  REQUIRE(last);
  CHECK(last->rank == 3);
  CHECK(last->dims[2].count == 600);
  const auto two = encoded(box(0, 4 * 600, 2, 4096, 1, 0), fields(3, 255));
  REQUIRE(two);
  CHECK(two->dims[0].count * two->dims[1].count == 4 * 600);
  CHECK_FALSE(encoded(box(0, 4 * 257, 2, 4096, 1, 0), fields(3, 255)));    // a prime
  CHECK_FALSE(encoded(box(0, 4, 300, 8, 300, 4096), fields(2, 255)));      // no dimension is free
  CHECK_FALSE(encoded(box(0, 4, 2, 4 * 101, 1, 0), fields(3, 255, 100)));  // a step is not cut
}

TEST_CASE("pieces of a stream are the stream") {
  Random random(3);
  const auto pick = [&](int n) { return 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
  int cut = 0, refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const int c = 8 * pick(6), w = pick(12), h = pick(12), before = pick(4) - 1, above = pick(3) - 1;
    const bool pads = pick(2) == 1;
    const std::int64_t pixel = c + 8 * (pick(3) - 1), row = pixel * w + 16 * (pick(3) - 1);
    StreamPiece whole{{3, 3 + h, 5, 5 + w, 0, c}, box(128, c, w, pixel, h, row), {}};
    if (pads) whole.source.dims[1].pad_before = static_cast<std::int16_t>(before);
    if (pads) whole.source.dims[2].pad_after = static_cast<std::int16_t>(above);
    const int sw = w + (pads ? before : 0), sh = h + (pads ? above : 0);
    whole.sinks = {linear(0, Bytes{c} * sw * sh), box(64, c, sw, c, sh, std::int64_t{c} * sw + 32)};
    const DmaSpec source = fields(3 + pick(2) - 1, pick(14), 4 * pick(40)), sink = fields(3, pick(14), 4 * pick(400));
    const auto pieces = pieces_of(whole, source, sink);
    refused += pieces ? 0 : 1;
    if (!pieces) {
      CHECK(pads);
      continue;
    }
    cut += pieces->size() > 1 ? 1 : 0;
    std::vector<std::int64_t> from, to[2];
    std::int64_t elements = 0;
    const auto append = [](std::vector<std::int64_t>& list, const Access& a) {
      for (std::int64_t at : addresses(a)) list.push_back(at);
    };
    for (const StreamPiece& p : *pieces) {
      REQUIRE(fits(p.source, source));
      append(from, p.source);
      CHECK(p.region.elements() == p.source.memory_bytes());
      elements += p.region.elements();
      for (int k = 0; k < 2; ++k) {
        REQUIRE(fits(p.sinks[static_cast<std::size_t>(k)], sink));
        append(to[k], p.sinks[static_cast<std::size_t>(k)]);
      }
    }
    CHECK(elements == whole.region.elements());
    CHECK(from == addresses(whole.source));
    for (std::size_t k = 0; k < 2; ++k) CHECK(to[k] == addresses(whole.sinks[k]));
  }
  CHECK(cut > 300);
  CHECK(refused > 10);
}
