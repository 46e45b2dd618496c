// In which order alternatives to the cheapest mapping of a layer are tried.
#include <algorithm>
#include <tuple>

#include "sim/schedule/layer_choice.h"

namespace tessera::schedule {
namespace {

// Whether two mappings of a layer make the same program.
bool same(const mapping::LayerMapping& a, const mapping::LayerMapping& b) {
  const auto all = [](const mapping::LayerMapping& m) {
    const mapping::Slots& s = m.buffers;
    const mapping::Channels& n = m.channels;
    return std::tuple(m.tile.h, m.tile.w, m.tile.co, m.tile.ci, m.weights_stationary, m.chunks_staged, s.input,
                      s.weights, s.operand, s.output, n.acts, n.spills, n.weights, n.results, n.loads, m.inbound.aside,
                      m.inbound.operand_first);
  };
  return a.sharding == b.sharding && all(a) == all(b);
}

}  // namespace

std::vector<OpenChoice::Alternative> ranked(std::vector<OpenChoice::Alternative> all, bool input_in_ddr, double reach,
                                            const arch::ArraySpec& array, bool tiers, const network::Shape& out) {
  constexpr double later = 1.1;
  const auto cheaper = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::vector<std::pair<double, OpenChoice::Alternative>> order;
  for (OpenChoice::Alternative& a : all) order.emplace_back(a.choice.cycles, std::move(a));
  std::stable_sort(order.begin(), order.end(), cheaper);
  std::vector<std::pair<double, OpenChoice::Alternative>> kept;
  std::vector<std::pair<int, mapping::LayerMapping>> known;  // and the groups of images
  for (auto& [cycles, a] : order) {
    mapping::LayerMapping m = a.choice.mapping;
    // A map of one pixel is divided by neither axis.
    for (mapping::Axis* axis : {&m.sharding.cols, &m.sharding.rows})
      if (out.h == 1 && out.w == 1 && *axis == mapping::Axis::width) *axis = mapping::Axis::height;
    // Of one column or one row it does not matter which axis it divides.
    if (array.cols == 1) m.sharding.cols = mapping::Axis::height;
    if (array.rows == 1) m.sharding.rows = mapping::Axis::height;
    // With all pixels in one tile both orders of loops are the same, unless the input is staged again and again.
    if (!input_in_ddr && a.one_tile) m.weights_stationary = false;
    const auto is_same = [&](const auto& k) { return k.first == a.way.groups && same(k.second, m); };
    // Of few layers the cheapest of each division is tried, however far off.
    const auto divides_so = [&](const auto& k) {
      return k.second.sharding == m.sharding && k.second.weights_stationary == m.weights_stationary;
    };
    const bool another = tiers && std::none_of(known.begin(), known.end(), divides_so);
    if ((cycles > order.front().first * reach && !another) || std::any_of(known.begin(), known.end(), is_same))
      continue;
    known.emplace_back(a.way.groups, m);
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
  constexpr double behind[] = {0, 1, 1.15};  // by tier: those of the first tier come first, then by estimate
  const auto rank = [&](const OpenChoice::Alternative& a) { return behind[a.tier] * a.choice.cycles; };
  if (tiers)
    std::stable_sort(result.begin(), result.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return result;
}

}  // namespace tessera::schedule
