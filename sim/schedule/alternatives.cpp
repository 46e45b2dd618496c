// In which order alternatives to the cheapest mapping of a layer are tried.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/schedule/layer_choice.h"

namespace tessera::schedule {

std::vector<OpenChoice::Alternative> ranked(std::vector<OpenChoice::Alternative> all, bool input_in_ddr, double reach,
                                            const arch::ArraySpec& array, bool tiers) {
  constexpr double later = 1.1;
  const auto cheaper = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::vector<std::pair<double, OpenChoice::Alternative>> order;
  for (OpenChoice::Alternative& a : all) order.emplace_back(a.choice.cycles, std::move(a));
  std::stable_sort(order.begin(), order.end(), cheaper);
  std::vector<std::pair<double, OpenChoice::Alternative>> kept;
  std::set<std::string> known;
  for (auto& [cycles, a] : order) {
    mapping::LayerMapping m = a.choice.mapping;
    // Of one column or one row it does not matter which axis it divides.
    if (array.cols == 1) m.sharding.cols = mapping::Axis::height;
    if (array.rows == 1) m.sharding.rows = mapping::Axis::height;
    // With all pixels in one tile both orders of loops are the same, unless the input is staged again and again.
    if (!input_in_ddr && a.one_tile) m.weights_stationary = false;
    const std::string text = fmt::format("{} {}", a.way.groups, mapping::layer_mapping_json(m).dump());
    if (cycles > order.front().first * reach || !known.insert(text).second) continue;
    double rank = cycles;
    for (const auto& other : kept)
      if (other.second.choice.cycles == cycles) rank *= later;
    kept.emplace_back(rank, std::move(a));
  }
  std::stable_sort(kept.begin(), kept.end(), cheaper);
  std::vector<OpenChoice::Alternative> result;
  for (auto& [rank, a] : kept) {
    for (const OpenChoice::Alternative& other : result) {
      if (!tiers) break;
      if (other.way.sharding == a.way.sharding) a.tier = std::max(a.tier, 1);
      if (other.way.like(a.way)) a.tier = 2;
    }
    result.push_back(std::move(a));
  }
  if (tiers)
    std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.tier < b.tier; });
  return result;
}

}  // namespace tessera::schedule
