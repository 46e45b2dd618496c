#include "sim/schedule/verify/limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::verifying {

const LockSpec& lock_spec(const ArraySpec& a, TileKind kind) {
  return kind == TileKind::compute ? a.tile.locks : kind == TileKind::memory ? a.memtile.locks : a.shim.locks;
}

const DmaSpec& dma_spec(const ArraySpec& a, TileKind kind) {
  return kind == TileKind::compute ? a.tile.dma : kind == TileKind::memory ? a.memtile.dma : a.shim.dma;
}

std::optional<Problem> region_problem(const Region& r, const Program& p, int tensor) {
  const Shape& s = p.layers[tensor].layer.out;
  const int c = stored_channels(s.c);
  if (r.h0 >= 0 && r.w0 >= 0 && r.c0 >= 0 && r.h1 <= s.h && r.w1 <= s.w && r.c1 <= c && r.h0 < r.h1 && r.w0 < r.w1 &&
      r.c0 < r.c1)
    return std::nullopt;
  return Problem{"", "", fmt::format("region {} of a tensor of {} x {} x {}", region_text(r), s.h, s.w, c), ""};
}

std::optional<Problem> access_problem(const Access& a, int dimensions, int iterations) {
  constexpr std::int64_t large = std::int64_t{1} << 40;
  const auto bad = [](std::string what, std::string legal) {
    return Problem{"", "", std::move(what), std::move(legal)};
  };
  const bool iterates = iterations > 0 && a.rank == dimensions + 1;
  if (a.rank < 1 || a.rank > 4 || (a.rank > dimensions && !iterates))
    return bad(fmt::format("{} dimensions", static_cast<int>(a.rank)),
               fmt::format("legal: 1 to {}{}", dimensions, iterations > 0 ? ", and one of iterations" : ""));
  if (iterates && a.dims[static_cast<std::size_t>(a.rank) - 1].count > iterations)
    return bad(fmt::format("{} iterations", a.dims[static_cast<std::size_t>(a.rank) - 1].count),
               fmt::format("legal: up to {}", iterations));
  if (a.base < 0 || a.base > large || a.base % 4 != 0)
    return bad(fmt::format("address {}", a.base), "legal: multiples of 4");
  if (a.dims[0].step != 1) return bad(fmt::format("innermost step {}", a.dims[0].step), "legal: 1");
  std::int64_t bytes = 1;
  for (int d = 0; d < a.rank; ++d) {
    const AccessDim& m = a.dims[d];
    if (m.count < 1 || (d == 0 && m.count % 4 != 0))
      return bad(fmt::format("{} in dimension {}", m.count, d), d == 0 ? "legal: multiples of 4" : "legal: 1 or more");
    if (d > 0 && (m.step < 0 || m.step % 4 != 0))
      return bad(fmt::format("step {} in dimension {}", m.step, d), "legal: multiples of 4");
    if (m.pad_before < 0 || m.pad_after < 0)
      return bad(fmt::format("padding in dimension {}", d), "legal: 0 or more");
    bytes *= std::int64_t{m.count} + m.pad_before + m.pad_after;
    if (bytes > large) return bad("too many bytes", "");
  }
  return std::nullopt;
}

}  // namespace tessera::verifying
