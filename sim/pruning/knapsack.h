// The multiple-choice knapsack: one option of every group, least loss within a budget of cost. Solved exactly, as an
// integer program by GLPK.
#pragma once
#include <optional>
#include <vector>

namespace tessera::pruning {

struct Option {
  double cost = 0, loss = 0;
};

// The option of each group; nullopt when even the cheapest ones cost more than the budget. Of options that are equal in
// cost and loss the first.
std::optional<std::vector<int>> choose_options(const std::vector<std::vector<Option>>& groups, double budget);

}  // namespace tessera::pruning
