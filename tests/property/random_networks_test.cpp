// Do 300 random networks on random arrays schedule, verify and compute what the reference computes? The seeds are
// spread over several executables (shards), so that they run side by side.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/schedule/verify.h"
#include "tests/property/random_network.h"
#include "tests/verify/subject.h"

using namespace tessera;

namespace {

constexpr int shards = 4, networks = 300;

struct Case {
  std::string text;  // what it is, for messages
  ArraySpec array;
  double ratio = 0;
  ScheduleSpec spec;
};

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

}  // namespace

TEST_CASE("random networks schedule, verify and match the reference") {
  const int shard = TESSERA_SHARD;
  int ran = 0, refused = 0;
  for (int seed = shard; seed < networks; seed += shards) {
    const Case c = random_case(static_cast<std::uint64_t>(seed));
    const std::string json = random_network(static_cast<std::uint64_t>(seed));
    INFO(c.text << "\n" << json);
    const Expected<Subject> subject = make_subject("random", json, c.array, c.ratio, c.spec);
    if (!subject && subject.failure().code == ExitCode::does_not_fit) {
      ++refused;
      continue;
    }
    if (!subject) {
      FAIL_CHECK(describe(subject.failure()));
      continue;
    }
    ++ran;
    const std::vector<Problem> problems = verify(subject->program, subject->array);
    CHECK(describe({ExitCode::internal, problems}) == "");
    if (problems.empty()) CHECK(functional_objection(*subject, subject->program) == "");
  }
  INFO(ran << " ran, " << refused << " did not fit");
  CHECK(refused * 20 <= ran);  // the small memories are meant to be tight, not to make the test empty
}
