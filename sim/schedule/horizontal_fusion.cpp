// Convolutions that read the same windows of the same input (the branches of an Inception module) as one convolution
// with the output channels of all: what enters a core then serves every one of them.
#include <algorithm>

#include "sim/cost/tuned.h"
#include "sim/mapping/stored_masks.h"
#include "sim/schedule/network_pass.h"
#include "sim/schedule/placement.h"

namespace tessera::schedule {
namespace {

// `first` and the convolutions still to come that could be computed with it; empty if there are none.
std::vector<network::LayerId> joinable(const Walk& w, const network::Layer& first) {
  const Draft& d = w.draft;
  const auto joins = [&](const network::Layer& l) {
    return l.op == network::Op::conv2d && l.groups == 1 && !l.lookup && d.fused[l.id] < 0 &&
           w.in.spec.layers.count(l.name) == 0 && w.search.joining_of(l.id) != Joining::not_at_all &&
           d.last_use[d.mapping.root(l.id)] != 0;
  };
  std::vector<network::LayerId> list;
  if (!w.in.policy.joins() || !w.in.spec.fusion_groups.empty() || !joins(first)) return list;
  for (network::LayerId reader : w.in.readers[first.inputs[0]]) {
    const network::Layer& l = w.in.layer(reader);
    if (d.turn[reader] >= d.turn[first.id] && joins(l) && l.inputs[0] == first.inputs[0] && l.window == first.window &&
        l.scaling == first.scaling)
      list.push_back(reader);
  }
  std::sort(list.begin(), list.end(), [&](network::LayerId a, network::LayerId b) { return d.turn[a] < d.turn[b]; });
  if (list.size() < 2) list.clear();
  return list;
}

// The convolutions as one.
struct Joined {
  network::Layer layer;
  mapping::LayerWeights weights;
  std::vector<int> borders;  // 8-channel blocks at which a convolution begins, but for the first
};
Joined join(const Walk& w, const std::vector<network::LayerId>& convs) {
  network::Layer all = w.in.layer(convs[0]);
  std::vector<const sparsity::KernelMask*> masks;
  std::vector<int> borders;
  int blocks = 0;
  for (network::LayerId id : convs) {
    if (blocks > 0) borders.push_back(blocks);
    blocks += network::stored_channels(w.in.layer(id).out.c) / 8;
    masks.push_back(&w.draft.masks[id]);
  }
  all.out.c = blocks * 8;
  return {all, mapping::LayerWeights(all, mapping::joined_mask(masks), cost::tuned.paced_windows), borders};
}

// Places for the outputs of all that have none yet; false where one finds none.
bool find_places(const Walk& w, const std::vector<network::LayerId>& convs, Memory& memory,
                 std::vector<mapping::Place>& places) {
  const Draft& d = w.draft;
  for (network::LayerId id : convs) {
    const network::LayerId root = d.mapping.root(id);
    if (d.standing[root].in_ddr) return false;
    const bool known =
        std::any_of(places.begin(), places.end(), [&](const mapping::Place& p) { return p.tensor == root; });
    if (known || !d.standing[root].parts.empty()) continue;
    auto place = find_place(w.in, d.axis[root], memory, root, {0, w.in.layer(root).out.h}, w.in.usual_reserve());
    if (!place) return false;
    places.push_back(std::move(*place));
  }
  return true;
}

// They take their turns one after the other: nothing but their common input comes before them.
void take_turns(const Inputs& in, Draft& d, const std::vector<network::LayerId>& convs) {
  std::stable_partition(d.order.begin() + d.turn[convs[0]], d.order.end(),
                        [&](network::LayerId id) { return std::find(convs.begin(), convs.end(), id) != convs.end(); });
  for (std::size_t k = 0; k < d.order.size(); ++k) d.turn[d.order[k]] = static_cast<int>(k);
  find_last_uses(in, d);
}

}  // namespace

std::size_t map_joined(Walk& w, const network::Layer& first) {
  Draft& d = w.draft;
  const std::vector<network::LayerId> convs = joinable(w, first);
  if (convs.empty()) return 0;
  const bool in_ddr = d.of(first.inputs[0]).in_ddr;
  double apart = 0;
  for (network::LayerId id : convs) {
    const network::Layer& l = w.in.layer(id);
    const auto cost =
        w.search.cost(d, unit_of(w.in, l, d.fused[id]), {0, l.out.h}, {in_ddr, false, free_staging(w.in, d.memory), 1});
    if (!cost) return 0;
    apart += *cost;
  }
  Memory memory = d.memory;
  std::vector<mapping::Place> places;
  if (!find_places(w, convs, memory, places)) {
    give_up(d, places);
    return 0;
  }
  Joined all = join(w, convs);
  LayerCase c;
  c.layer = c.kernel = &all.layer;
  c.weights = &all.weights;
  c.borders = all.borders;
  c.in_ddr.input = in_ddr;
  set_axes(w.in, d, c, {first.inputs[0], -1, first.id});
  c.staging = free_staging(w.in, memory);
  std::vector<Candidate> candidates;
  Demand unused;
  const mapping::Span rows{0, all.layer.out.h};
  const auto choice = w.search.weigh(c, rows, unused, candidates);
  if (!choice || choice->cycles >= cost::tuned.worth_joining * apart) {
    give_up(d, places);
    return 0;
  }
  auto& report = w.reports[first.id].candidates;
  report.insert(report.end(), candidates.begin(), candidates.end());
  int owner = d.memory.next_owner;
  for (const mapping::Place& place : places) take(d, place, memory, owner++);
  take_turns(w.in, d, convs);
  add_steps(d, {first.id, -1, {convs.begin() + 1, convs.end()}, -1, rows, {}}, *choice);
  return convs.size();
}

}  // namespace tessera::schedule
