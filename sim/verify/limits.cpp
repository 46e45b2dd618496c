#include "sim/verify/limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::verify {

const arch::LockSpec& lock_spec(const arch::ArraySpec& a, program::TileKind kind) {
  return kind == program::TileKind::compute  ? a.tile.locks
         : kind == program::TileKind::memory ? a.memtile.locks
                                             : a.shim.locks;
}

const arch::DmaSpec& dma_spec(const arch::ArraySpec& a, program::TileKind kind) {
  return kind == program::TileKind::compute  ? a.tile.dma
         : kind == program::TileKind::memory ? a.memtile.dma
                                             : a.shim.dma;
}

std::optional<Problem> region_problem(const program::Region& r, const program::Program& p, int tensor,
                                      const ops::Lattice& lattice) {
  const network::Shape s = shape_on(lattice, p.layers[tensor].layer.out);
  const int c = network::stored_channels(s.c);
  if (r.h0 >= 0 && r.w0 >= 0 && r.c0 >= 0 && r.h1 <= s.h && r.w1 <= s.w && r.c1 <= c && r.h0 < r.h1 && r.w0 < r.w1 &&
      r.c0 < r.c1)
    return std::nullopt;
  return Problem{"", "", fmt::format("region {} of a tensor of {} x {} x {}", region_text(r), s.h, s.w, c), ""};
}

std::optional<Problem> around_problem(const program::Transfer& t, const program::Program& p) {
  const program::Region& r = t.region;
  const network::Shape s = map_of(t, p);
  const bool sane = std::min({r.h0, r.w0, r.c0}) >= -most_elements && std::max({r.h1, r.w1, r.c1}) <= most_elements;
  const bool full = sane && r.h0 < r.h1 && r.w0 < r.w1 && r.c0 < r.c1 && r.c0 >= 0;
  const bool apart = r.h1 <= 1 || r.w1 <= 1 || r.h0 + 1 >= s.h || r.w0 + 1 >= s.w;
  if (full && apart && r.c1 <= network::stored_channels(s.c)) return std::nullopt;
  return Problem{
      "", "",
      fmt::format("padding {} of a tensor of {} x {} x {}", region_text(r), s.h, s.w, network::stored_channels(s.c)),
      "legal: zeros around the tensor, outside of it but for a line"};
}

namespace {

Problem bad(std::string what, std::string legal) { return {"", "", std::move(what), std::move(legal)}; }

}  // namespace

std::optional<Problem> access_problem(const program::Access& a, int dimensions) {
  if (a.rank < 1 || a.rank > 4 || a.rank > dimensions)
    return bad(fmt::format("{} dimensions", static_cast<int>(a.rank)), fmt::format("legal: 1 to {}", dimensions));
  if (a.base < 0 || a.base > most_bytes || a.base % 4 != 0)
    return bad(fmt::format("address {}", a.base), "legal: multiples of 4");
  if (a.dims[0].step != 1) return bad(fmt::format("innermost step {}", a.dims[0].step), "legal: 1");
  std::int64_t bytes = 1, last = a.base;
  for (int d = 0; d < a.rank; ++d) {
    const program::AccessDim& m = a.dims[static_cast<std::size_t>(d)];
    if (m.count < 1 || (d == 0 && m.count % 4 != 0))
      return bad(fmt::format("{} in dimension {}", m.count, d), d == 0 ? "legal: multiples of 4" : "legal: 1 or more");
    if (d > 0 && (m.step < 0 || m.step % 4 != 0))
      return bad(fmt::format("step {} in dimension {}", m.step, d), "legal: multiples of 4");
    if (m.pad_before < 0 || m.pad_after < 0 || (d == 0 && (m.pad_before % 4 != 0 || m.pad_after % 4 != 0)))
      return bad(fmt::format("padding in dimension {}", d), d == 0 ? "legal: multiples of 4" : "legal: 0 or more");
    const std::int64_t elements = std::int64_t{m.count} + m.pad_before + m.pad_after;
    if (bytes > most_bytes / elements)
      return bad("more bytes than can be counted", fmt::format("legal: up to {}", most_bytes));
    bytes *= elements;
    last += (std::int64_t{m.count} - 1) * m.step;
    if (last > most_bytes)
      return bad(fmt::format("address {} in dimension {}", last, d), fmt::format("legal: up to {}", most_bytes));
  }
  return std::nullopt;
}

namespace {

// Whether the first dimensions are one run of bytes without padding: a descriptor moves it by its length alone.
bool linear(const program::Access& a, int dimensions) {
  std::int64_t run = 1;
  for (int d = 0; d < std::min<int>(a.rank, dimensions); ++d) {
    const program::AccessDim& m = a.dims[static_cast<std::size_t>(d)];
    if (m.pad_before != 0 || m.pad_after != 0 || (m.count > 1 && m.step != run)) return false;
    run *= m.count;
  }
  return true;
}

}  // namespace

std::vector<Problem> descriptor_problems(const program::Access& a, const arch::DmaSpec& dma, bool iterates, bool pads) {
  std::vector<Problem> problems;
  const auto wide = [&](const char* field, int d, std::int64_t value, const char* unit, std::int64_t limit) {
    problems.push_back(bad(fmt::format("{} of {} {} in dimension {}", field, value, unit, d),
                           fmt::format("legal: up to {}, the field of a descriptor", limit)));
  };
  const bool one_run = linear(a, dma.dimensions);
  for (int d = 0; d < a.rank; ++d) {
    const program::AccessDim& m = a.dims[static_cast<std::size_t>(d)];
    const char* unit = d == 0 ? "words" : "elements";
    const int words = d == 0 ? 4 : 1;
    if (d == dma.dimensions) {
      if (!iterates) problems.push_back(bad(fmt::format("{} dimensions", d + 1), fmt::format("legal: 1 to {}", d)));
      if (m.count > dma.iterations) wide("iteration", d, m.count, unit, dma.iterations);
    } else if (d + 1 < dma.dimensions && !one_run && m.count / words > dma.max_wrap) {
      wide("wrap", d, m.count / words, unit, dma.max_wrap);
    }
    const bool steps = d > 0 && m.count > 1 && !(one_run && d < dma.dimensions);
    if (steps && m.step / 4 > dma.max_step) wide("step", d, m.step / 4, "words", dma.max_step);
    if (steps && m.step == 0 && d < dma.dimensions)
      problems.push_back(bad(fmt::format("step of 0 words in dimension {}", d), "legal: 1 word or more"));
    if (m.pad_before == 0 && m.pad_after == 0) continue;
    if (!pads) {
      problems.push_back(bad("padding", "legal: only outbound from memory tiles"));
      continue;
    }
    const int most = d < 3 ? dma.max_padding[static_cast<std::size_t>(d)] : 0;
    for (const int zeros : {m.pad_before / words, m.pad_after / words})
      if (zeros > most) wide("padding", d, zeros, unit, most);
  }
  if (a.stream_bytes() > dma.max_length)
    problems.push_back(bad(fmt::format("{} bytes", a.stream_bytes()), fmt::format("legal: up to {}", dma.max_length)));
  return problems;
}

}  // namespace tessera::verify
