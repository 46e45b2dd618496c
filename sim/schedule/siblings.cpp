// Convolutions that read the same windows of the same input (the branches of an Inception module) as one convolution
// with the output channels of all: what enters a core then serves every one of them.
#include <algorithm>

#include "sim/schedule/scheduler.h"

namespace tessera::schedule {

// `first` and the convolutions still to come that could be computed with it; empty if there are none.
std::vector<network::LayerId> Scheduler::siblings(const network::Layer& first) const {
  const auto joins = [&](const network::Layer& l) {
    return l.op == network::Op::conv2d && fused_[l.id] < 0 && spec_.layers.count(l.name) == 0 &&
           last_use_[e_.views[l.id].root] != 0;
  };
  std::vector<network::LayerId> list;
  if (!policy_.joins() || !spec_.depth.empty() || !joins(first)) return list;
  for (network::LayerId reader : readers_[first.inputs[0]]) {
    const network::Layer& l = network_.layers[reader];
    if (turn_[reader] >= turn_[first.id] && joins(l) && l.inputs[0] == first.inputs[0] && l.window == first.window)
      list.push_back(reader);
  }
  std::sort(list.begin(), list.end(), [&](network::LayerId a, network::LayerId b) { return turn_[a] < turn_[b]; });
  if (list.size() < 2) list.clear();
  return list;
}

// Emits them as one if that is estimated to be cheaper and all outputs find room in the memory tiles.
std::optional<Failure> Scheduler::emit_siblings(const std::vector<network::LayerId>& convs, bool* emitted) {
  *emitted = false;
  const network::Layer& first = network_.layers[convs[0]];
  network::Layer all = first;
  all.out.c = 0;
  sparsity::KernelMask mask;
  LayerPlan plan;
  plan.input = first.inputs[0];
  const bool in_ddr = e_.home(plan.input).in_ddr;
  double apart = 0;
  for (network::LayerId id : convs) {
    const network::Layer& l = network_.layers[id];
    const int index = e_.builder.program().layers[id].mask;
    const sparsity::KernelMask& own = e_.builder.program().masks[index];
    const int before = all.out.c / 8, blocks = network::stored_channels(l.out.c) / 8;
    plan.members.push_back({id, id, 0, index, {before, before + blocks}});
    all.out.c += blocks * 8;
    mask.rows += own.rows;
    mask.cols = own.cols;
    mask.bits.insert(mask.bits.end(), own.bits.begin(), own.bits.end());
    const auto cost = unit_cost(unit_of(l), {0, l.out.h}, in_ddr, false, free_staging(), 1);
    if (!cost) return std::nullopt;
    apart += *cost;
  }
  LayerWeights weights(all, mask);
  plan.kernel = all;
  LayerContext c;
  c.layer = &all;
  c.kernel = &all;
  c.weights = &weights;
  for (std::size_t k = 1; k < convs.size(); ++k) c.borders.push_back(plan.members[k].blocks.lo);
  c.input_in_ddr = in_ddr;
  set_bands(c, plan.input, -1, convs[0]);

  std::vector<network::LayerId> placed;
  const auto give_up = [&] {
    for (network::LayerId root : placed) release_rows(root, network_.layers[root].out.h);
    for (auto root = placed.rbegin(); root != placed.rend(); ++root) forget_pieces(*root);
    return std::nullopt;
  };
  for (network::LayerId id : convs) {
    const network::LayerId root = e_.views[id].root;
    if (e_.homes[root].in_ddr) return give_up();
    if (!e_.homes[root].pieces.empty()) continue;
    if (!place_rows(root, {0, network_.layers[root].out.h}, usual_reserve())) return give_up();
    placed.push_back(root);
  }
  c.staging = free_staging();
  auto& candidates = reports_[first.id].candidates;
  const std::size_t known = candidates.size();
  Demand unused;
  const auto choice = weigh_mappings(c, {0, all.out.h}, unused);
  // Apart they may alternate with layers of other branches, which hides what a layer waits for at its start.
  constexpr double worth = 0.85;  // chosen by simulating Inception V3 on arrays from 1x8 to 8x8
  if (!choice || choice->tiling.estimate.cycles >= worth * apart) {
    candidates.resize(known);
    return give_up();
  }
  *emitted = true;
  // They take their turns one after the other now: nothing but their common input comes before them.
  const auto at = order_.begin() + turn_[first.id];
  std::stable_partition(at, order_.end(),
                        [&](network::LayerId id) { return std::find(convs.begin(), convs.end(), id) != convs.end(); });
  for (std::size_t k = 0; k < order_.size(); ++k) turn_[order_[k]] = static_cast<int>(k);
  plan_lifetimes();
  for (std::size_t k = 1; k < convs.size(); ++k)
    e_.builder.program().layers[convs[k]].mapping = "computed with " + first.name;
  return emit_plan(std::move(plan), c, *choice);
}

}  // namespace tessera::schedule
