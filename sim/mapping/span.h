// A half-open range of rows, columns or 8-channel blocks.
#pragma once
#include <cstdint>

namespace tessera::mapping {

struct Span {
  int lo = 0, hi = 0;
  int size() const { return hi - lo; }
  bool empty() const { return hi <= lo; }
  bool operator==(const Span& o) const { return lo == o.lo && hi == o.hi; }
};

// Part i of [lo, hi) divided into `parts` parts whose sizes differ by at most one.
inline Span split(Span whole, int parts, int i) {
  const std::int64_t n = whole.size();
  return {whole.lo + static_cast<int>(n * i / parts), whole.lo + static_cast<int>(n * (i + 1) / parts)};
}

}  // namespace tessera::mapping
