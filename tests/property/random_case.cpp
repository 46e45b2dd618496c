#include "tests/property/random_case.h"

#include <fmt/format.h>

#include "sim/base/random.h"

namespace tessera {

Case random_case(std::uint64_t seed) {
  Random random(derive_seed(seed, 5));
  const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
  const int grids[][2] = {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {4, 1},
                          {4, 2}, {1, 4}, {2, 3}, {7, 7}, {8, 2}, {8, 8}};
  const auto& grid = grids[pick(seed % 8 == 0 ? 12 : 9)];
  const double ratios[] = {0, 0, 0.25, 0.5, 0.9};
  Case c;
  c.ratio = ratios[pick(5)];
  c.spec.policy = pick(3) == 0 ? "published" : "best";
  c.array = generic_array(grid[0], grid[1]);
  c.text = fmt::format("seed {} on {}x{}, policy {}, ratio {}", seed, grid[0], grid[1], c.spec.policy, c.ratio);
  // Small memories make tiles, splits of the input channels and spills out of small networks.
  const int small = pick(3);
  if (small >= 1) c.array.tile.memory.size = 16384;
  if (small == 2) c.array.memtile.memory.size = 65536;
  c.text += small == 0 ? "" : small == 1 ? ", 16 KB tiles" : ", 16 KB tiles, 64 KB memory tiles";
  return c;
}

}  // namespace tessera
