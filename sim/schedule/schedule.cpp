#include "sim/schedule/schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/mapping/stored_masks.h"
#include "sim/schedule/channel_order.h"
#include "sim/schedule/network_pass.h"
#include "sim/schedule/placement.h"
#include "sim/schedule/sharding_axis.h"

namespace tessera::schedule {
namespace {

// Zeros around a map where descriptors of memory tiles can add none.
std::optional<Failure> wide_padding(const Inputs& in) {
  Failure failure{ExitCode::does_not_fit, {}};
  for (const network::Layer& l : in.network.layers) {
    if (!ops::has_window(l)) continue;
    const network::Window& w = l.window;
    const auto check = [&](const char* what, int dimension, int before, int after) {
      const int most = in.array.memtile.dma.max_padding[static_cast<std::size_t>(dimension)];
      if (const int zeros = std::max(before, after); zeros > 0 && most == 0)
        failure.problems.push_back(
            {"", "layer " + l.name, fmt::format("pads with {} {} of zeros on one side", zeros, what),
             "none: descriptors of the memory tiles add no zeros (hardware.memtile.dma.max_padding)"});
    };
    // Windows need not reach the end of the padding behind the map.
    check("columns", 1, w.pad_left, (l.out.w - 1) * w.sw + w.extent_w() - w.pad_left - l.in.w);
    check("rows", 2, w.pad_top, (l.out.h - 1) * w.sh + w.extent_h() - w.pad_top - l.in.h);
  }
  if (failure.problems.empty()) return std::nullopt;
  return failure;
}

// Layers that are told to keep their zeros.
void keep_zeros(const Inputs& in, const std::vector<std::optional<sparsity::BlockMask>>& masks, mapping::Mapping& m) {
  for (const network::Layer& l : in.network.layers)
    if (const auto it = in.spec.layers.find(l.name); it != in.spec.layers.end() && masks[l.id].has_value())
      if (it->second.zeros_kept == true && l.repeats < 0) m.zeros_kept.push_back(l.id);
}

// The order in which channels are stored, and masks in that order.
void order_channels(Walk& w, const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  const Inputs& in = w.in;
  Draft& d = w.draft;
  const std::vector<sparsity::KernelMask> logical = mapping::computed_masks(d.mapping, in.network, masks);
  auto& orders = d.mapping.channel_order;
  orders.resize(in.network.layers.size());
  if (in.spec.balance && in.policy.balances()) orders = balanced_channel_orders(in.network, logical, in.array);
  for (const network::Layer& l : in.network.layers)
    if (l.repeats >= 0) orders[l.id] = orders[l.repeats];  // their weights stand in one order
  d.masks.resize(in.network.layers.size());
  for (const network::Layer& l : in.network.layers) {
    if (!ops::has_blocks(l)) {
      d.masks[l.id] = logical[l.id];
      continue;
    }
    d.masks[l.id] = mapping::stored_mask(logical[l.id], orders[l.id], orders[l.inputs[0]]);
  }
}

// What a config forces and no layer could follow.
std::optional<Failure> unused_overrides(const Inputs& in, const Draft& d) {
  Failure failure;
  for (const auto& [name, forced] : in.spec.layers)
    for (const network::Layer& l : in.network.layers)
      if (l.name == name && d.fused_into[l.id] >= 0)
        failure.problems.push_back(
            {"", "schedule.layers." + name,
             "the layer is fused into " + in.layer(d.fused_into[l.id]).name + " and has no mapping of its own",
             "force the layer that computes it"});
  for (std::size_t i = 0; i < in.spec.fusion_groups.size(); ++i) {
    const ForcedGroup& spec = in.spec.fusion_groups[i];
    const bool walked =
        std::any_of(d.mapping.groups.begin(), d.mapping.groups.end(), [&](const mapping::FusionGroup& g) {
          return g.layers.size() > 1 && std::any_of(g.layers.begin(), g.layers.end(), [&](network::LayerId id) {
                   return in.layer(id).name == spec.first;
                 });
        });
    if (!walked)
      failure.problems.push_back({"", fmt::format("schedule.fusion_groups[{}]", i),
                                  fmt::format("{} to {} cannot be walked together", spec.first, spec.last),
                                  "legal: two or more layers in the network's order, none of them a concatenation or "
                                  "an output of the network, with "
                                  "everything between them read by them alone"});
  }
  if (failure.problems.empty()) return std::nullopt;
  return failure;
}

// Parts that do not stand in the concatenation already are copied into it.
std::optional<Failure> map_concat(Walk& w, const network::Layer& layer) {
  const auto alias = [&](network::LayerId id) { return w.draft.mapping.aliases[id]; };
  int c0 = 0;
  for (std::size_t k = 0; k < layer.inputs.size(); ++k) {
    const network::LayerId part = layer.inputs[k];
    const network::Layer& producer = w.in.layer(part);
    if (alias(part).root != alias(layer.id).root || alias(part).c0 != alias(layer.id).c0 + c0) {
      network::Layer copy = layer;
      copy.window = {};
      copy.in = copy.out = producer.out;
      if (auto failure = map_layer(w, copy, {part, layer.id, static_cast<int>(k), -1, {0, copy.out.h}, false}))
        return failure;
    }
    c0 += network::stored_channels(producer.out.c);
  }
  return std::nullopt;
}

// Decides the layer whose turn `k` is, and those that are computed with it; `through` becomes the turn of the last one.
std::optional<Failure> map_turn(Walk& w, std::size_t k, std::size_t* through) {
  Draft& d = w.draft;
  const network::Layer& l = w.in.layer(d.order[k]);
  *through = k;
  if (ops::is_source(l)) {
    place_in_ddr(d, l.id);
    return std::nullopt;
  }
  if (l.op == network::Op::concat) return map_concat(w, l);
  if (d.fused_into[l.id] >= 0) return std::nullopt;
  const DepthGroup group = depth_group(w, l.id);
  if (!group.units.empty()) {
    const auto failure = map_group(w, group);
    *through = d.turn[group.units.back().kernel];
    return failure;
  }
  if (l.op == network::Op::conv2d) weigh_pool(w, l);
  if (const std::size_t joined = map_joined(w, l); joined > 0) {
    *through = k + joined - 1;
    return std::nullopt;
  }
  const Unit u = unit_of(w.in, l, d.fused[l.id]);
  return map_layer(w, l, {l.inputs[0], u.target, -1, u.fused, {0, u.geometry.out.h}, false});
}

}  // namespace

Draft empty_draft(const Inputs& in) {
  Draft d;
  const std::size_t n = in.network.layers.size();
  d.mapping.network = in.network.name;
  d.mapping.rows = in.array.rows;
  d.mapping.cols = in.array.cols;
  d.mapping.memtiles = in.array.memtiles();
  d.mapping.axis = in.policy.axis();
  d.axis.assign(n, in.policy.axis());
  d.standing.resize(n);
  for (int m = 0; m < in.array.memtiles(); ++m) d.memory.tiles.emplace_back(in.array.memtile.memory.size);
  return d;
}

Expected<Schedule> decide(const Inputs& in, const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  if (auto failure = wide_padding(in)) return std::move(*failure);
  Search search(in);
  Expected<Schedule> schedule = decide_once(in, search, masks);
  if (!schedule || in.trials == nullptr) return schedule;
  schedule = choose_by_trials(in, search, masks, std::move(*schedule));
  const bool missing = std::any_of(masks.begin(), masks.end(), [](const auto& mask) { return mask.has_value(); });
  if (!schedule || !missing) return schedule;
  return or_as_dense(in, masks, std::move(*schedule));
}

Expected<Schedule> decide_once(const Inputs& in, Search& search,
                               const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  search.asked.clear();
  search.depth_asked.clear();
  Walk w{in, search, empty_draft(in), std::vector<LayerReport>(in.network.layers.size())};
  Draft& d = w.draft;
  order_layers(in, d);
  alias_parts(in, d);
  fuse_layers(in, d);
  find_last_uses(in, d);
  keep_zeros(in, masks, d.mapping);
  order_channels(w, masks);
  choose_axes(in, search, d);
  for (std::size_t k = 0; k < d.order.size(); ++k) {
    std::size_t through = k;
    if (auto failure = map_turn(w, k, &through)) return std::move(*failure);
    for (; k < through; ++k) release_read_by(d, d.order[k]);
    release_read_by(d, d.order[k]);
  }
  if (auto failure = unused_overrides(in, d)) return std::move(*failure);
  Schedule s;
  s.estimate_us = d.estimate * 1e6 / in.array.clock_hz;
  s.mapping = std::move(d.mapping);
  s.layers = std::move(w.reports);
  note_computed_by(s);
  return s;
}

void note_imbalance(Schedule& s, const network::Network& network,
                    const std::vector<std::optional<sparsity::BlockMask>>& masks, int rows) {
  const std::vector<sparsity::KernelMask> logical = mapping::computed_masks(*s.mapping, network, masks);
  const auto& orders = s.mapping->channel_order;
  for (const network::Layer& l : network.layers) {
    if (!ops::has_blocks(l)) continue;
    LayerReport& report = s.layers[static_cast<std::size_t>(l.id)];
    report.imbalance_rows_unassigned = imbalance(logical[l.id], rows);
    report.imbalance_rows = imbalance(mapping::stored_mask(logical[l.id], orders[l.id], orders[l.inputs[0]]), rows);
  }
}

void note_computed_by(Schedule& s) {
  for (const mapping::Step& step : s.mapping->steps) {
    const auto* c = std::get_if<mapping::Compute>(&step);
    if (c == nullptr) continue;
    if (c->fused >= 0) s.layers[c->fused].computed_by = c->layer;
    for (const network::LayerId id : c->joins) s.layers[id].computed_by = c->layer;
  }
}

}  // namespace tessera::schedule
