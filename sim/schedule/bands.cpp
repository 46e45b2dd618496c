#include "sim/schedule/bands.h"

#include <limits>

#include "sim/network/graph.h"
#include "sim/schedule/scheduler.h"

namespace tessera::schedule {
namespace {

// What the estimate must promise before tensors leave the usual axis: it does not see all that crossing bands costs.
constexpr double worth = 0.99;

}  // namespace

bool is_square(const network::Layer& geometry, const network::Layer& kernel) {
  const network::Window &w = geometry.window, &k = kernel.window;
  return w.kh == w.kw && w.sh == w.sw && k.kh == k.kw && geometry.in.h == geometry.in.w &&
         geometry.out.h == geometry.out.w;
}

double cost_of(const std::vector<BandCosts>& layers, const std::vector<bool>& choice) {
  double cost = 0;
  for (const BandCosts& l : layers) {
    std::size_t bits = 0;
    for (std::size_t k = 0; k < l.tensors.size(); ++k) bits |= std::size_t{choice[l.tensors[k]]} << k;
    cost += l.cost[bits];
  }
  return cost;
}

std::vector<bool> cheapest_bands(const std::vector<BandCosts>& layers, int count) {
  std::vector<bool> passed(count, true);
  for (const BandCosts& l : layers)
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
    std::vector<BandCosts> here;
    for (const BandCosts& l : layers)
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

void Scheduler::set_bands(LayerContext& c, network::LayerId input, network::LayerId operand,
                          network::LayerId output) const {
  c.input_bands = bands_[e_.views[input].root];
  c.operand_bands = operand < 0 ? policy_.bands() : bands_[e_.views[operand].root];
  c.output_bands = bands_[e_.views[output].root];
}

void Scheduler::plan_bands() {
  if (!policy_.weighs_bands() || array_.memtiles() == 1) return;
  std::vector<DepthUnit> units;
  const auto touched = [&](const DepthUnit& u) {  // roots
    std::vector<network::LayerId> list{e_.views[u.geometry.inputs[0]].root, e_.views[u.target].root};
    for (network::LayerId t : u.same_rows) list.push_back(e_.views[t].root);
    return list;
  };
  std::vector<bool> free(network_.layers.size(), false);  // per root: whether it has a choice
  for (network::LayerId id : order_) {
    const network::Layer& l = network_.layers[id];
    if (l.op == network::Op::input || l.op == network::Op::concat || fused_into_[id] >= 0) continue;
    units.push_back(unit_of(l));
    if (is_square(units.back().geometry, l)) continue;
    for (network::LayerId t : touched(units.back()))
      free[t] = network_.layers[t].op != network::Op::input && last_use_[t] != 0 && fits(t);
  }
  std::vector<int> number(network_.layers.size(), -1);  // per root, in the order in which they are complete
  std::vector<network::LayerId> tensors;
  for (auto u = units.rbegin(); u != units.rend(); ++u) {
    const network::LayerId t = e_.views[u->target].root;
    if (!free[t] || number[t] >= 0) continue;
    number[t] = 0;
    tensors.push_back(t);
  }
  std::reverse(tensors.begin(), tensors.end());
  for (std::size_t i = 0; i < tensors.size(); ++i) number[tensors[i]] = static_cast<int>(i);

  const Axis usual = policy_.bands(), other = usual == Axis::height ? Axis::width : Axis::height;
  std::vector<BandCosts> layers;
  for (const DepthUnit& u : units) {
    BandCosts l;
    const std::vector<network::LayerId> roots = touched(u);
    for (network::LayerId t : roots)
      if (number[t] >= 0 && std::find(l.tensors.begin(), l.tensors.end(), number[t]) == l.tensors.end())
        l.tensors.push_back(number[t]);
    if (l.tensors.empty()) continue;
    const auto in_ddr = [&](network::LayerId t) {
      return network_.layers[t].op == network::Op::input || last_use_[t] == 0 || !fits(t);
    };
    for (int bits = 0; bits < 1 << l.tensors.size(); ++bits) {
      for (std::size_t k = 0; k < l.tensors.size(); ++k)
        bands_[tensors[l.tensors[k]]] = (bits >> k & 1) != 0 ? other : usual;
      const auto cost = unit_cost(u, {0, u.geometry.out.h}, in_ddr(roots[0]), in_ddr(roots[1]), free_staging(), 1);
      l.cost.push_back(cost.value_or(std::numeric_limits<double>::infinity()));
    }
    for (int k : l.tensors) bands_[tensors[k]] = usual;
    layers.push_back(std::move(l));
  }
  const auto count = static_cast<int>(tensors.size());
  const std::vector<bool> choice = cheapest_bands(layers, count);
  if (cost_of(layers, choice) >= worth * cost_of(layers, std::vector<bool>(count, false))) return;
  for (int i = 0; i < count; ++i)
    if (choice[i]) bands_[tensors[i]] = other;
}

}  // namespace tessera::schedule
