// Units. Simulated time is counted in millicycles (1/1000 of an array clock cycle) so that rates that are no whole
// number of bytes per cycle lose nothing visible; bytes are bytes. Seconds appear only in results.
#pragma once
#include <cmath>
#include <cstdint>

namespace tessera {
inline namespace base {

using Bytes = std::int64_t;
using Cycles = std::int64_t;
using Millicycles = std::int64_t;

constexpr Millicycles millicycles_per_cycle = 1000;

// Time to move `bytes` at `bytes_per_cycle`, rounded up to the next millicycle.
inline Millicycles transfer_time(Bytes bytes, double bytes_per_cycle) {
  return static_cast<Millicycles>(std::ceil(static_cast<double>(bytes) * 1000.0 / bytes_per_cycle - 1e-6));
}
inline Millicycles to_millicycles(double cycles) {
  return static_cast<Millicycles>(std::llround(cycles * millicycles_per_cycle));
}
inline double to_us(Millicycles t, double clock_hz) { return static_cast<double>(t) * 1e3 / clock_hz; }

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t round_up(std::int64_t a, std::int64_t b) { return ceil_div(a, b) * b; }

}  // namespace base
}  // namespace tessera
