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
  // `all_kept`: its times without masks.
  AsDense(const Inputs& in, const Masks& masks, mapping::Mapping dense, LayerTimes all_kept)
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
    if (mixed && none_kept)
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
    const std::vector<double> skipped = layer_shares(dense_, none_kept), kept = layer_shares(dense_, all_kept_);
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
  const LayerTimes all_kept_;
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

// A mapping, and when the last layer ends with it where no block is zero.
struct Dense {
  mapping::Mapping mapping;
  LayerTimes times;  // as a run has it
};

// What is decided without the masks, in the process of the dense network or else here.
std::optional<Dense> decided(const Inputs& in, const Masks& none) {
  std::optional<mapping::Mapping> m = in.trials->dense_mapping();
  if (!m) {
    Expected<Schedule> here = decide(in, none);
    if (here) m = std::move(here->mapping);
  }
  if (!m || !follows(in, none, *m)) return std::nullopt;
  std::optional<LayerTimes> times = in.trials->dense_times();
  if (!times) times = in.trials->run_times(in.network, none, *m);
  if (!times) return std::nullopt;
  return Dense{std::move(*m), std::move(*times)};
}

constexpr double clearly_faster = 0.9;  // than the dense network: there is nothing to be found there

constexpr std::size_t few_layers = 8;

// Whether the dense network with the same mapping may take little more, where transfers are free.
bool close_with_same(const Inputs& in, const Masks& none, const Schedule& sparse, double cycles) {
  constexpr double estimated = 0.85;  // by so much less than the estimate says time may fall with the zeros
  if (cycles <= clearly_faster * in.trials->least_cycles(in.network, none)) return false;
  const Request request{in.network, none, in.latency_model, in.spec};
  const double dense_us = mapping_cost(*sparse.mapping, request, in.array) * 1e6 / in.array.clock_hz;
  if (in.network.layers.size() > few_layers && sparse.estimate_us <= estimated * clearly_faster * dense_us)
    return false;
  if (!follows(in, none, *sparse.mapping)) return false;
  const std::optional<LayerTimes> same = in.trials->layer_times(in.network, none, *sparse.mapping);
  return same && cycles > clearly_faster * whole(*same);
}

}  // namespace

Expected<Schedule> or_as_dense(const Inputs& in, const Masks& masks, Schedule sparse) {
  const Masks none(masks.size());
  const std::optional<LayerTimes> before = in.trials->layer_times(in.network, masks, *sparse.mapping);
  if (!before) return sparse;
  const bool free = in.array.controller.mechanism == arch::ControlMechanism::none;
  const bool few = in.network.layers.size() <= very_few_layers;
  // Of few layers, and of controllers, it says too little what the same mapping takes without zeros.
  if (free && !few && !close_with_same(in, none, sparse, whole(*before))) return sparse;
  std::optional<Dense> dense = decided(in, none);
  if (!dense) return sparse;
  const std::optional<LayerTimes> own = in.trials->run_times(in.network, masks, *sparse.mapping);
  if (!own) return sparse;
  const bool close = whole(*own) > clearly_faster * whole(dense->times);
  std::optional<mapping::Mapping> faster = AsDense(in, masks, std::move(dense->mapping), std::move(dense->times))
                                               .faster_than(whole(*own), few || (close && !free));
  if (!faster) return sparse;
  follow_dense(sparse, std::move(*faster));
  const Request request{in.network, masks, in.latency_model, in.spec};
  sparse.estimate_us = mapping_cost(*sparse.mapping, request, in.array) * 1e6 / in.array.clock_hz;
  return sparse;
}

}  // namespace tessera::schedule
