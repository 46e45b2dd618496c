// Inbound channels of cores that are evened out, in the whole network: what comes over a channel later than before also
// keeps the next layer's weights waiting, which only a simulation shows.
#include <algorithm>
#include <map>
#include <numeric>

#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

constexpr int most_rounds = 2;
// Share of the time that has to be left for a network to be simulated: by estimate, and by what the layers that gained
// promise for the next round.
constexpr double worth_a_trial = 0.999, worth_a_round = 0.998;

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
std::optional<Schedule> evened(const Inputs& in, Search& search, const Masks& masks, const Schedule& usual) {
  std::optional<Schedule> best;
  std::optional<LayerTimes> least;
  std::vector<double> before;
  double as_usual = 0;
  for (int round = 0; round < most_rounds; ++round) {
    Expected<Schedule> s = decide_once(in, search, masks);
    if (!s || s->estimate_us > worth_a_trial * usual.estimate_us) break;
    if (!least) {
      least = in.trials->layer_times(in.network, masks, *usual.mapping);
      if (!least) break;
      before = layer_shares(*usual.mapping, *least);
      as_usual = whole(*least);
    }
    const auto times = in.trials->layer_times(in.network, masks, *s->mapping);
    if (!times) break;
    bool dropped = false;
    double without = as_usual;  // what may be expected when those that gained nothing are left as usual
    for (const auto& [kernel, cycles] : longer(*s->mapping, layer_shares(*s->mapping, *times), before)) {
      if (cycles >= 0) dropped = search.usual.insert(kernel).second || dropped;
      without += std::min(0.0, cycles);
    }
    if (better(*times, *least)) {
      least = *times;
      best = std::move(*s);
    }
    if (!dropped || without > worth_a_round * whole(*least)) break;
  }
  return best;
}

}  // namespace

Expected<Schedule> or_evened(const Inputs& in, Search& search, const Masks& masks, Schedule usual) {
  double calls = 0;
  for (const OpenChoice& q : search.asked) calls += q.alternatives.front().calls;
  if (!in.policy.evens_channels() || calls * (most_rounds + 1) > effort::network) return usual;
  const std::vector<OpenChoice> asked = search.asked;
  search.evens = true;
  std::optional<Schedule> best = evened(in, search, masks, usual);
  search.evens = false;
  search.asked = asked;
  if (!best) return usual;
  const auto before = in.trials->run_times(in.network, masks, *usual.mapping);
  const auto after = in.trials->run_times(in.network, masks, *best->mapping);
  if (!before || !after || !better(*after, *before)) return usual;
  return std::move(*best);
}

}  // namespace tessera::schedule
