#include "sim/program/descriptor.h"

#include <algorithm>
#include <boost/container/static_vector.hpp>

namespace tessera::program {
namespace {

constexpr Bytes word_bytes = 4;

bool padded(const Access& a) { return a.stream_bytes() != a.memory_bytes(); }

struct Dim {
  std::int64_t count, step;
};
using Dims = boost::container::static_vector<Dim, std::tuple_size<decltype(Access::dims)>::value>;

// Dimensions of more than one element, those that continue the one inside joined with it.
Dims joined(const Access& a, int dimensions) {
  Dims list;
  list.push_back({a.dims[0].count, 1});
  for (int d = 1; d < std::min<int>(a.rank, dimensions); ++d) {
    const AccessDim& m = a.dims[static_cast<std::size_t>(d)];
    if (m.count == 1) continue;
    if (m.step == list.back().count * list.back().step) {
      list.back().count *= m.count;
    } else {
      list.push_back({m.count, m.step});
    }
  }
  return list;
}

// The largest factor of `count` up to `most` that leaves another one up to `most`; 0: none.
std::int64_t factor(std::int64_t count, std::int64_t most) {
  for (std::int64_t f = std::min(count, most); f > 1 && f * most >= count; --f)
    if (count % f == 0) return f;
  return 0;
}

// Bytes [offset, offset + n) of an access without padding, where they are whole elements of one of its dimensions.
Access part_of(const Access& access, Bytes offset, Bytes n) {
  Access a = access;
  Bytes inner = access.memory_bytes();
  for (int d = a.rank - 1; d >= 0; --d) {
    AccessDim& m = a.dims[static_cast<std::size_t>(d)];
    inner /= m.count;
    a.base += offset / inner * m.step;
    offset %= inner;
    m.count = static_cast<std::int32_t>(std::max<Bytes>(1, n / inner));
    if (n >= inner) return a;
    a.rank = static_cast<std::int8_t>(d);
  }
  return a;
}

// Rows [lo, hi) of a padded source: the zeros above and below go with the first and the last.
Access rows_of(const Access& access, int lo, int hi) {
  Access a = access;
  AccessDim& rows = a.dims[2];
  a.base += std::int64_t{lo} * rows.step;
  if (lo > 0) rows.pad_before = 0;
  if (hi < rows.count) rows.pad_after = 0;
  rows.count = hi - lo;
  return a;
}

class Cutter {
 public:
  Cutter(const arch::DmaSpec& source, const arch::DmaSpec& sink) : source_(source), sink_(sink) {}

  bool cut(const StreamPiece& stream) {
    if (whole(stream)) return true;
    const Region& r = stream.region;
    const bool rows = r.h1 - r.h0 > 1;
    const int n = rows ? r.h1 - r.h0 : r.w1 - r.w0, half = n / 2;
    if (n == 1 || (!rows && padded(stream.source))) return false;
    return cut(part(stream, rows, 0, half, n)) && cut(part(stream, rows, half, n, n));
  }
  std::vector<StreamPiece> pieces;

 private:
  bool whole(const StreamPiece& stream) {
    StreamPiece piece{stream.region, {}, {}};
    const auto source = encoded(stream.source, source_);
    if (!source) return false;
    piece.source = *source;
    piece.sinks.reserve(stream.sinks.size());
    for (const Access& a : stream.sinks) {
      const auto sink = encoded(a, sink_);
      if (!sink) return false;
      piece.sinks.push_back(*sink);
    }
    pieces.push_back(std::move(piece));
    return true;
  }

  // Rows or pixels [lo, hi) of n.
  static StreamPiece part(const StreamPiece& stream, bool rows, int lo, int hi, int n) {
    StreamPiece p{stream.region, stream.source, {}};
    (rows ? p.region.h1 : p.region.w1) = (rows ? stream.region.h0 : stream.region.w0) + hi;
    (rows ? p.region.h0 : p.region.w0) += lo;
    const Bytes all = stream.source.stream_bytes();
    Bytes offset = 0, bytes = 0;
    if (padded(stream.source)) {
      p.source = rows_of(stream.source, lo, hi);
      bytes = p.source.stream_bytes();
      offset = lo == 0 ? 0 : all - bytes;
    } else {
      offset = all / n * lo;
      bytes = all / n * (hi - lo);
      p.source = part_of(stream.source, offset, bytes);
    }
    for (const Access& a : stream.sinks) p.sinks.push_back(part_of(a, offset, bytes));
    return p;
  }

  const arch::DmaSpec& source_;
  const arch::DmaSpec& sink_;
};

}  // namespace

bool fits(const Access& a, const arch::DmaSpec& dma) {
  const bool run = !padded(a) && joined(a, dma.dimensions).size() == 1;
  for (int d = 0; d < a.rank; ++d) {
    const AccessDim& m = a.dims[static_cast<std::size_t>(d)];
    const bool iteration = d == dma.dimensions;
    const std::int64_t count = d == 0 ? m.count / word_bytes : m.count;
    if (iteration && count > dma.iterations) return false;
    if ((!run || iteration) && m.count > 1 && d > 0 && m.step / word_bytes > dma.max_step) return false;
    if (!run && d + 1 < dma.dimensions && count > dma.max_wrap) return false;
    const std::int64_t unit = d == 0 ? word_bytes : 1, most = d < 3 ? dma.max_padding[static_cast<std::size_t>(d)] : 0;
    if (std::max(m.pad_before, m.pad_after) / unit > most) return false;
  }
  return true;
}

std::optional<Access> encoded(const Access& access, const arch::DmaSpec& dma) {
  if (fits(access, dma)) return access;
  if (padded(access) || access.rank > dma.dimensions) return std::nullopt;
  Access a;
  a.base = access.base;
  a.rank = 0;
  const auto put = [&](std::int64_t count, std::int64_t step) {
    if (a.rank < dma.dimensions)
      a.dims[static_cast<std::size_t>(a.rank++)] = repeated(count, step);
    else
      a.rank = 5;
  };
  const Dims list = joined(access, dma.dimensions);
  for (std::size_t k = 0; k < list.size() && a.rank <= dma.dimensions; ++k) {
    const auto [count, step] = list[k];
    const std::int64_t unit = k == 0 ? word_bytes : 1;
    if (count / unit <= dma.max_wrap) {
      put(count, step);
    } else if (k > 0 && k + 1 == list.size()) {
      while (a.rank + 1 < dma.dimensions) put(1, list[k - 1].count * list[k - 1].step);
      put(count, step);
    } else if (const std::int64_t f = factor(count / unit, dma.max_wrap); f > 0) {
      put(f * unit, step);
      put(count / unit / f, f * unit * step);
    } else {
      return std::nullopt;
    }
  }
  if (a.rank > dma.dimensions || !fits(a, dma)) return std::nullopt;
  return a;
}

std::optional<std::vector<StreamPiece>> pieces_of(const StreamPiece& stream, const arch::DmaSpec& source,
                                                  const arch::DmaSpec& sink) {
  Cutter cutter(source, sink);
  if (!cutter.cut(stream)) return std::nullopt;
  return std::move(cutter.pieces);
}

}  // namespace tessera::program
