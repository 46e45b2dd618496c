// Inbound channels of cores that are evened out, in the whole network: what comes over a channel later than before also
// keeps the next layer's weights waiting, which only a simulation shows.
#include <algorithm>
#include <map>
#include <numeric>

#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

// Kernel calls that may be simulated: some seconds.
constexpr double most_calls = 4e5;
constexpr int most_rounds = 2;

double control(const LayerTimes& t) { return std::accumulate(t.control.begin(), t.control.end(), 0.0); }

// Sooner, and controllers have no more to do.
bool better(const LayerTimes& a, const LayerTimes& b) { return whole(a) < whole(b) && control(a) <= control(b); }

// By how much a layer ends later than `before`, and the one behind it, where its channels are evened.
std::map<network::LayerId, double> longer(const mapping::Mapping& m, const std::vector<double>& shares,
                                          const std::vector<double>& before) {
  std::map<network::LayerId, double> cycles;
  network::LayerId behind = -1;
  for (const mapping::Step& step : m.steps) {
    const auto* c = std::get_if<mapping::Compute>(&step);
    if (c == nullptr) continue;
    const bool evened = !c->mapping.inbound.usual();
    const auto l = static_cast<std::size_t>(c->layer);
    if (evened) cycles[c->layer] += shares[l] - before[l];
    if (!evened && behind >= 0) cycles[behind] += shares[l] - before[l];
    behind = evened ? c->layer : -1;
  }
  return cycles;
}

// The fastest of some rounds; in each, layers that gained nothing are left as usual from then on.
std::optional<Schedule> evened(const Inputs& in, Search& search, const Masks& masks, const mapping::Mapping& usual) {
  LayerTimes least;
  if (auto times = in.trials->layer_times(in.network, masks, usual))
    least = std::move(*times);
  else
    return std::nullopt;
  const std::vector<double> before = layer_shares(usual, least);
  std::optional<Schedule> best;
  for (int round = 0; round < most_rounds; ++round) {
    Expected<Schedule> s = decide_once(in, search, masks);
    const auto times = s ? in.trials->layer_times(in.network, masks, *s->mapping) : std::nullopt;
    if (!times) break;
    bool dropped = false;
    for (const auto& [kernel, cycles] : longer(*s->mapping, layer_shares(*s->mapping, *times), before))
      if (cycles >= 0) dropped = search.usual.insert(kernel).second || dropped;
    if (better(*times, least)) {
      least = *times;
      best = std::move(*s);
    }
    if (!dropped) break;
  }
  return best;
}

}  // namespace

Expected<Schedule> or_evened(const Inputs& in, Search& search, const Masks& masks, Schedule usual) {
  double calls = 0;
  for (const OpenChoice& q : search.asked) calls += q.alternatives.front().calls;
  if (!in.policy.evens_channels() || calls * (most_rounds + 1) > most_calls) return usual;
  search.evens = true;
  std::optional<Schedule> best = evened(in, search, masks, *usual.mapping);
  search.evens = false;
  if (!best) return usual;
  const auto before = in.trials->run_times(in.network, masks, *usual.mapping);
  const auto after = in.trials->run_times(in.network, masks, *best->mapping);
  if (!before || !after || !better(*after, *before)) return usual;
  return std::move(*best);
}

}  // namespace tessera::schedule
