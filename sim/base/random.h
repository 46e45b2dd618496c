// Seeded random numbers that are the same on every machine and compiler: splitmix64, and our own distributions
// (those of <random> differ between standard libraries).
#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace tessera {
inline namespace base {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // Uniform in [0, n), n > 0, without modulo bias worth mentioning (128-bit multiply-shift).
  std::uint64_t below(std::uint64_t n) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * n) >> 64);
  }
  // Uniform in [0, 1).
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  template <class T>
  void shuffle(std::vector<T>& v) {
    for (std::size_t i = v.size(); i > 1; --i) std::swap(v[i - 1], v[below(i)]);
  }

 private:
  std::uint64_t state_;
};

// Seed of an independent stream named by `stream` (a layer id, say).
inline std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t stream) {
  Random r(seed ^ (stream * 0xd1342543de82ef95ull + 0x632be59bd9b4e019ull));
  r.next();
  return r.next();
}

}  // namespace base
}  // namespace tessera
