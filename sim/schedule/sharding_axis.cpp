#include "sim/schedule/sharding_axis.h"

#include <limits>

#include "sim/cost/tuned.h"
#include "sim/network/graph.h"
#include "sim/schedule/placement.h"

namespace tessera::schedule {
bool is_square(const network::Layer& geometry, const network::Layer& kernel) {
  const network::Window &w = geometry.window, &k = kernel.window;
  return w.extent_h() == w.extent_w() && w.sh == w.sw && k.extent_h() == k.extent_w() &&
         geometry.in.h == geometry.in.w && geometry.out.h == geometry.out.w;
}

double cost_of(const std::vector<AxisCosts>& layers, const std::vector<bool>& choice) {
  double cost = 0;
  for (const AxisCosts& l : layers) {
    std::size_t bits = 0;
    for (std::size_t k = 0; k < l.tensors.size(); ++k) bits |= std::size_t{choice[l.tensors[k]]} << k;
    cost += l.cost[bits];
  }
  return cost;
}

std::vector<bool> cheapest_axes(const std::vector<AxisCosts>& layers, int count) {
  std::vector<bool> passed(count, true);
  for (const AxisCosts& l : layers)
    for (int i = l.first() + 1; i < l.last(); ++i) passed[i] = false;
  std::vector<int> stages{-1};  // a start and an end without a choice, and what everything passes
  for (int i = 0; i < count; ++i)
    if (passed[i]) stages.push_back(i);
  stages.push_back(count);

  constexpr int most_between = 10;  // more than these all choose the same
  const auto choices = [&](int tensor) { return tensor < 0 || tensor == count ? 1 : 2; };
  std::vector<std::vector<std::vector<double>>> costs;
  std::vector<std::vector<std::vector<int>>> inner;  // the best for those between, a bit each
  std::vector<bool> choice(count, false);
  const auto set = [&](int tensor, bool value) {
    if (choices(tensor) == 2) choice[tensor] = value;
  };
  const auto set_inner = [&](int from, int to, int bits) {
    for (int i = from + 1; i < to; ++i) choice[i] = (bits >> std::min(i - from - 1, most_between) & 1) != 0;
  };
  for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
    const int from = stages[s], to = stages[s + 1], between = to - from - 1;
    std::vector<AxisCosts> here;
    for (const AxisCosts& l : layers)
      if (l.last() > from && l.last() <= to) here.push_back(l);
    costs.emplace_back(choices(from), std::vector<double>(choices(to)));
    inner.emplace_back(choices(from), std::vector<int>(choices(to)));
    const int all = (1 << std::min(between, most_between + 1)) - 1, step = between > most_between ? all : 1;
    for (int a = 0; a < choices(from); ++a)
      for (int b = 0; b < choices(to); ++b) {
        set(from, a != 0);
        set(to, b != 0);
        double best = std::numeric_limits<double>::infinity();
        for (int bits = 0; bits <= all; bits += step) {
          set_inner(from, to, bits);
          if (const double cost = cost_of(here, choice); cost < best) {
            best = cost;
            inner[s][a][b] = bits;
          }
        }
        costs[s][a][b] = best;
      }
  }
  const std::vector<int> path = network::cheapest_choices(costs);
  if (path.size() != stages.size()) return std::vector<bool>(count, false);  // some layer fits nowhere
  for (std::size_t s = 0; s + 1 < stages.size(); ++s) {
    set(stages[s], path[s] != 0);
    set_inner(stages[s], stages[s + 1], inner[s][path[s]][path[s + 1]]);
  }
  return choice;
}

namespace {

// The root tensors that a unit touches: its input, its output, its operands.
std::vector<network::LayerId> touched(const Draft& d, const Unit& u) {
  std::vector<network::LayerId> list{d.mapping.root(u.geometry.inputs[0]), d.mapping.root(u.target)};
  for (network::LayerId t : u.same_rows) list.push_back(d.mapping.root(t));
  return list;
}

bool stands_in_ddr(const Inputs& in, const Draft& d, network::LayerId root) {
  return ops::is_source(in.layer(root)) || d.last_use[root] == 0 || !fits(in, d, root);
}

// The tensors with a choice, in the order in which they are complete.
std::vector<network::LayerId> tensors_with_choice(const Inputs& in, const Draft& d, const std::vector<Unit>& units) {
  std::vector<bool> free(in.network.layers.size(), false), listed(free);
  for (const Unit& u : units) {
    if (is_square(u.geometry, in.layer(u.kernel))) continue;
    for (network::LayerId t : touched(d, u)) free[t] = !stands_in_ddr(in, d, t);
  }
  std::vector<network::LayerId> tensors;
  for (auto u = units.rbegin(); u != units.rend(); ++u) {
    const network::LayerId t = d.mapping.root(u->target);
    if (!free[t] || listed[t]) continue;
    listed[t] = true;
    tensors.push_back(t);
  }
  std::reverse(tensors.begin(), tensors.end());
  return tensors;
}

}  // namespace

void choose_axes(const Inputs& in, Search& search, Draft& d) {
  if (!in.policy.weighs_axes() || in.array.memtiles() == 1) return;
  std::vector<Unit> units;
  for (network::LayerId id : d.order) {
    const network::Layer& l = in.layer(id);
    if (ops::is_computed(l) && d.fused_into[id] < 0) units.push_back(unit_of(in, l, d.fused[id]));
  }
  const std::vector<network::LayerId> tensors = tensors_with_choice(in, d, units);
  const auto count = static_cast<int>(tensors.size());
  std::vector<int> number(in.network.layers.size(), -1);  // per root
  for (int i = 0; i < count; ++i) number[tensors[i]] = i;

  const mapping::Axis usual = in.policy.axis(),
                      other = usual == mapping::Axis::height ? mapping::Axis::width : mapping::Axis::height;
  std::vector<AxisCosts> layers;
  Draft trial = d;
  for (const Unit& u : units) {
    AxisCosts l;
    const std::vector<network::LayerId> roots = touched(d, u);
    for (network::LayerId t : roots)
      if (number[t] >= 0 && std::find(l.tensors.begin(), l.tensors.end(), number[t]) == l.tensors.end())
        l.tensors.push_back(number[t]);
    if (l.tensors.empty()) continue;
    const Search::Where where{stands_in_ddr(in, d, roots[0]), stands_in_ddr(in, d, roots[1]),
                              free_staging(in, d.memory), 1};
    for (int bits = 0; bits < 1 << l.tensors.size(); ++bits) {
      for (std::size_t k = 0; k < l.tensors.size(); ++k)
        trial.axis[tensors[l.tensors[k]]] = (bits >> k & 1) != 0 ? other : usual;
      const auto cost = search.cost(trial, u, {0, u.geometry.out.h}, where);
      l.cost.push_back(cost.value_or(std::numeric_limits<double>::infinity()));
    }
    for (int k : l.tensors) trial.axis[tensors[k]] = usual;
    layers.push_back(std::move(l));
  }
  const std::vector<bool> choice = cheapest_axes(layers, count);
  if (cost_of(layers, choice) >= cost::tuned.worth_turning * cost_of(layers, std::vector<bool>(count, false))) return;
  for (int i = 0; i < count; ++i)
    if (choice[i]) d.axis[tensors[i]] = other;
}

}  // namespace tessera::schedule
