// What zero blocks must not cost: the mapping of the dense network, and layers that keep their zeros, beside the
// mapping that was chosen for the masks.
#include <algorithm>

#include "sim/mapping/check.h"
#include "sim/mapping/stored_masks.h"
#include "sim/schedule/mapping_cost.h"
#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

// Whether chunks of weights with these masks fit where the mapping puts them: indices make some larger than dense ones.
bool follows(const Inputs& in, const Masks& masks, const mapping::Mapping& m) {
  const std::vector<std::string> paths(m.steps.size());
  return check_mapping(m, paths, in.network, in.array, mapping::computed_masks(m, in.network, masks)).problems.empty();
}

// A mapping that was chosen without the masks, and how long it takes with them.
class AsDense {
 public:
  // `all_kept`: its times without masks; nothing where these are too long anyway.
  AsDense(const Inputs& in, const Masks& masks, mapping::Mapping dense, std::optional<LayerTimes> all_kept)
      : in_(in), masks_(masks), dense_(std::move(dense)), all_kept_(std::move(all_kept)) {
    for (const network::Layer& l : in.network.layers) {
      if (!masks[l.id] || !ops::is_maskable(l) || l.repeats >= 0) continue;
      ++masked_;
      const auto it = in.spec.layers.find(l.name);
      const std::optional<bool> forced = it == in.spec.layers.end() ? std::nullopt : it->second.zeros_kept;
      if (forced == true) kept_.push_back(l.id);
      if (!forced) open_.push_back(l.id);
    }
  }

  // With the zeros kept that make it fastest, if that is faster than `cycles`. `mixed`: whether it is worth looking for
  // layers that shall keep theirs while others do not.
  std::optional<mapping::Mapping> faster_than(double cycles, bool mixed) {
    const Kept none = kept_, all = with(open_);
    const std::optional<LayerTimes> none_kept = times(none);
    consider(none, none_kept, cycles);
    if (mixed && none_kept && all_kept_)
      for (const Kept& some : mixtures(*none_kept)) consider(some, times(some), cycles);
    if (all.size() == masked_) consider(all, all_kept_, cycles);
    return std::move(best_);
  }

 private:
  using Kept = std::vector<network::LayerId>;

  Kept with(const Kept& more) const {
    Kept kept = kept_;
    kept.insert(kept.end(), more.begin(), more.end());
    std::sort(kept.begin(), kept.end());
    return kept;
  }

  // All but the layers that gain by skipping their zeros, and all but the half of them that gains most.
  std::vector<Kept> mixtures(const LayerTimes& none_kept) const {
    const std::vector<double> skipped = layer_shares(dense_, none_kept), kept = layer_shares(dense_, *all_kept_);
    std::vector<std::pair<double, network::LayerId>> gains;
    for (const network::LayerId id : open_) gains.emplace_back(kept[id] - skipped[id], id);
    std::sort(gains.rbegin(), gains.rend());
    const auto gainers = std::count_if(gains.begin(), gains.end(), [](const auto& g) { return g.first > 0; });
    std::vector<Kept> mixtures;
    for (const auto skip : {gainers, gainers / 2}) {
      Kept some;
      for (auto it = gains.begin() + skip; it != gains.end(); ++it) some.push_back(it->second);
      if (skip > 0 && !some.empty()) mixtures.push_back(with(some));
    }
    return mixtures;
  }

  std::optional<LayerTimes> times(const Kept& kept) const {
    mapping::Mapping m = dense_;
    m.zeros_kept = kept;
    if (!follows(in_, masks_, m)) return std::nullopt;
    return in_.trials->run_times(in_.network, masks_, m);
  }

  void consider(const Kept& kept, const std::optional<LayerTimes>& times, double& cycles) {
    if (!times || whole(*times) >= cycles) return;
    cycles = whole(*times);
    best_ = dense_;
    best_->zeros_kept = kept;
  }

  const Inputs& in_;
  const Masks& masks_;
  const mapping::Mapping dense_;
  const std::optional<LayerTimes> all_kept_;
  std::size_t masked_ = 0;  // layers with masks of their own
  Kept kept_, open_;        // layers with masks that the config has keep their zeros; of which it says nothing
  std::optional<mapping::Mapping> best_;
};

// Takes a mapping that was chosen without the masks; the candidates of layers stay those of the masks.
void follow_dense(Schedule& s, mapping::Mapping dense) {
  for (const mapping::Step& step : dense.steps) {
    const auto* c = std::get_if<mapping::Compute>(&step);
    if (c == nullptr) continue;
    LayerReport& report = s.layers[static_cast<std::size_t>(c->layer)];
    for (Candidate& candidate : report.candidates) {
      candidate.chosen = candidate.mapping == sharding_name(c->mapping.sharding);
      if (candidate.chosen) candidate.tiling = walk_name(c->mapping);
    }
  }
  for (LayerReport& report : s.layers) report.computed_by = -1;
  s.mapping = std::move(dense);
  note_computed_by(s);
}

// The mapping that is chosen without the masks.
std::optional<mapping::Mapping> decided(const Inputs& in, const Masks& none) {
  Expected<Schedule> dense = decide(in, none);
  if (!dense) return std::nullopt;
  return std::move(*dense->mapping);
}

// A mapping, and when the last layer ends with it where no block is zero.
struct Dense {
  mapping::Mapping mapping;
  double cycles = 0;
};
std::optional<Dense> timed(const Inputs& in, const Masks& none, const std::optional<mapping::Mapping>& m) {
  if (!m || !follows(in, none, *m)) return std::nullopt;
  const std::optional<LayerTimes> times = in.trials->layer_times(in.network, none, *m);
  return times ? std::optional(Dense{*m, whole(*times)}) : std::nullopt;
}

constexpr double clearly_faster = 0.9;  // than the dense network: there is nothing to be found there

// Whether the dense network with the same mapping may take little more, where transfers are free and layers are many:
// elsewhere estimates say too little.
bool close_by_estimate(const Inputs& in, const Masks& none, const Schedule& sparse) {
  constexpr double estimated = 0.85;  // by so much less than the estimate says time may fall with the zeros
  constexpr std::size_t few_layers = 8;
  if (in.array.controller.mechanism != arch::ControlMechanism::none) return true;
  if (in.network.layers.size() <= few_layers) return true;
  const Request request{in.network, none, in.latency_model, in.spec};
  const double dense_us = mapping_cost(*sparse.mapping, request, in.array) * 1e6 / in.array.clock_hz;
  return sparse.estimate_us > estimated * clearly_faster * dense_us;
}

}  // namespace

Expected<Schedule> or_as_dense(const Inputs& in, const Masks& masks, Schedule sparse) {
  const Masks none(masks.size());
  const std::optional<LayerTimes> before = in.trials->layer_times(in.network, masks, *sparse.mapping);
  if (!before) return sparse;
  const auto close_to = [&](double cycles) { return whole(*before) > clearly_faster * cycles; };
  const bool possible = close_to(in.trials->least_cycles(in.network, none));
  const bool free = in.array.controller.mechanism == arch::ControlMechanism::none;
  // Of few layers it says little about the best dense mapping what estimates choose.
  const bool few = in.network.layers.size() <= very_few_layers;
  std::optional<Dense> by_estimate;
  bool close = few;
  if (!close && possible && close_by_estimate(in, none, sparse)) {
    const std::optional<Dense> same = timed(in, none, sparse.mapping);
    close = same && close_to(same->cycles);
  }
  if (!close && !free) {
    Inputs without = in;
    without.trials = nullptr;
    by_estimate = timed(in, none, decided(without, none));
    close = by_estimate && close_to(by_estimate->cycles);
  }
  std::optional<LayerTimes> own;  // as a run has it: zeros may gain less
  if (!close && by_estimate) {
    own = in.trials->run_times(in.network, masks, *sparse.mapping);
    close = own && whole(*own) > clearly_faster * by_estimate->cycles;
  }
  std::optional<mapping::Mapping> dense;
  if (close) {
    dense = in.trials->dense_mapping();
    if (!dense) dense = decided(in, none);
    if (dense && !follows(in, none, *dense)) return sparse;
  } else if (by_estimate) {
    dense = std::move(by_estimate->mapping);
  }
  if (!dense) return sparse;
  if (!own) own = in.trials->run_times(in.network, masks, *sparse.mapping);
  if (!own) return sparse;
  // The dense network itself takes no less for what switches are written.
  std::optional<LayerTimes> all_kept;
  if (close) {
    all_kept = in.trials->dense_times();
    if (!all_kept) all_kept = in.trials->run_times(in.network, none, *dense);
    if (!all_kept) return sparse;
  }
  std::optional<mapping::Mapping> faster =
      AsDense(in, masks, std::move(*dense), std::move(all_kept)).faster_than(whole(*own), close && (few || !free));
  if (!faster) return sparse;
  follow_dense(sparse, std::move(*faster));
  const Request request{in.network, masks, in.latency_model, in.spec};
  sparse.estimate_us = mapping_cost(*sparse.mapping, request, in.array) * 1e6 / in.array.clock_hz;
  return sparse;
}

}  // namespace tessera::schedule
