// Is the knapsack solved exactly? Judged by trying everything, on many small problems.
#include "sim/pruning/knapsack.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"

using namespace tessera;
using namespace tessera::pruning;

namespace {

using Groups = std::vector<std::vector<Option>>;

// Least loss within the budget; negative: nothing fits.
double best_loss(const Groups& groups, double budget, std::size_t at = 0) {
  if (budget < -1e-9) return -1;
  if (at == groups.size()) return 0;
  double best = -1;
  for (const Option& option : groups[at]) {
    const double rest = best_loss(groups, budget - option.cost, at + 1);
    if (rest >= 0 && (best < 0 || rest + option.loss < best)) best = rest + option.loss;
  }
  return best;
}

Groups random_groups(Random& random) {
  Groups groups(1 + random.below(5));
  for (auto& group : groups) {
    group.resize(1 + random.below(6));
    for (Option& option : group)
      option = {static_cast<double>(1 + random.below(100)), static_cast<double>(random.below(50)) / 8};
  }
  return groups;
}

double sum(const Groups& groups, const std::vector<int>& chosen, double Option::*what) {
  double all = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) all += groups[g][static_cast<std::size_t>(chosen[g])].*what;
  return all;
}

}  // namespace

TEST_CASE("300 random knapsacks: as good as trying everything, within the budget") {
  Random random(3);
  int infeasible = 0;
  for (int round = 0; round < 300; ++round) {
    const Groups groups = random_groups(random);
    const double budget = static_cast<double>(random.below(300));
    const double best = best_loss(groups, budget);
    const auto chosen = choose_options(groups, budget);
    CAPTURE(round, budget);
    REQUIRE(chosen.has_value() == (best >= 0));
    infeasible += chosen ? 0 : 1;
    if (!chosen) continue;
    CHECK(sum(groups, *chosen, &Option::cost) <= budget + 1e-9);
    CHECK(sum(groups, *chosen, &Option::loss) == Approx(best).margin(1e-9));
  }
  CHECK(infeasible > 10);
  CHECK(infeasible < 290);
}

TEST_CASE("A network's size: 60 layers of 17 shares, no worse than any uniform share") {
  Random random(5);
  Groups groups(60);
  for (auto& group : groups) {
    const double cost = 1 + 50 * random.uniform(), bend = 0.5 + 3 * random.uniform();
    for (int k = 0; k < 17; ++k) group.push_back({cost * (1 - k / 20.0), std::pow(k / 16.0, bend)});
  }
  for (int k = 1; k < 16; k += 3) {
    const std::vector<int> uniform(groups.size(), k);
    const double budget = sum(groups, uniform, &Option::cost);
    const auto chosen = choose_options(groups, budget * (1 + 1e-12));
    REQUIRE(chosen);
    CHECK(sum(groups, *chosen, &Option::loss) < sum(groups, uniform, &Option::loss));
  }
}
