// What a unit costs by estimate, whatever the division of its layer.
#include <algorithm>

#include "sim/schedule/layer_choice.h"
#include "sim/schedule/sharding_axis.h"

namespace tessera::schedule {

std::optional<double> Search::least_cost(const LayerCase& c, mapping::Span rows, Reach cheaper,
                                         std::optional<Guess>& guess) const {
  std::vector<mapping::Sharding> shardings =
      in_.policy.shardings(is_square(*c.layer, *c.kernel), c.input_axis, c.output_axis);
  const mapping::Tiling tiling = guess ? guess->tiling : mapping::Tiling{};
  if (guess) {
    cheaper.guess = &tiling;
    std::stable_partition(shardings.begin(), shardings.end(), [&](const auto& s) { return s == guess->sharding; });
  }
  std::optional<double> best;
  for (const mapping::Sharding& s : shardings) {
    const mapping::Partition p = make_partition(*c.layer, rows, s, in_.array);
    const FoundTiles found = choose_tiles(c, p, in_.array, in_.latency_model, cheaper);
    cheaper.guess = nullptr;
    if (!found.tiles) continue;
    best = cheaper.below = found.tiles->estimate.cycles;
    guess = Guess{s, found.tiles->tiling};
  }
  return best;
}

std::optional<double> Search::cost(const Draft& d, const Unit& u, mapping::Span rows, const Where& where) {
  const network::Layer& kernel = in_.layer(u.kernel);
  LayerCase c;
  c.layer = &u.geometry;
  c.kernel = &kernel;
  c.pool = u.fused >= 0 && in_.layer(u.fused).op == network::Op::maxpool ? &in_.layer(u.fused) : nullptr;
  c.weights = weights_of(d, kernel);
  c.operand = !u.same_rows.empty();
  c.in_ddr = {where.input_in_ddr, false, where.output_in_ddr};
  set_axes(in_, d, c, {kernel.inputs[0], u.same_rows.empty() ? -1 : u.same_rows[0], u.target});
  c.input_sharers = where.sharers;
  c.staging = where.staging;
  const std::optional<double> known = known_cost(c, rows, {});
  if (!known || !evens_of(c)) return known;
  Reach evened;
  evened.evens = true;
  evened.below = *known;
  const std::optional<double> cheaper = known_cost(c, rows, evened);
  return cheaper ? cheaper : known;
}

std::optional<double> Search::known_cost(const LayerCase& c, mapping::Span rows, const Reach& cheaper) {
  Key key = key_of(c, rows, nullptr, cheaper.evens);
  const auto [it, added] = costs_.try_emplace(key);
  constexpr std::size_t mask_of_key = 3;
  key[mask_of_key] = -1;
  if (added) it->second = least_cost(c, rows, cheaper, guesses_[key]);
  return it->second;
}

}  // namespace tessera::schedule
