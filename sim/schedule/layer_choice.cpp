#include "sim/schedule/layer_choice.h"

#include <algorithm>

#include "sim/cost/tuned.h"
#include "sim/mapping/check_layer.h"
#include "sim/schedule/channel_plan.h"
#include "sim/schedule/in_place.h"
#include "sim/schedule/sharding_axis.h"

namespace tessera::schedule {
namespace {

constexpr int most_slots = 4;  // of a kind of tile in a core

// More slots for weights where core memory is left: chunks of unequal sizes then average out. No more than half of it:
// in the other half the next layer's first buffers are filled meanwhile.
mapping::CoreBuffers with_spare_slots(mapping::CoreBuffers b, Bytes core_limit) {
  if (b.slots.weights < 2) return b;
  while (b.slots.weights < most_slots && (b.total() + b.weights) * 2 <= core_limit) ++b.slots.weights;
  return b;
}

}  // namespace

Unit unit_of(const Inputs& in, const network::Layer& kernel, network::LayerId fused) {
  Unit u;
  u.kernel = kernel.id;
  u.fused = fused;
  u.target = fused < 0 ? kernel.id : fused;
  u.geometry = kernel;
  if (fused >= 0) {
    const network::Layer& tail = in.layer(fused);
    if (tail.op == network::Op::maxpool)
      u.geometry = mapping::with_pool(kernel, tail);
    else
      u.same_rows = {tail.inputs[0] == kernel.id ? tail.inputs[1] : tail.inputs[0]};
  }
  if (operator_of(kernel).inputs == 2) u.same_rows = {kernel.inputs[1]};
  return u;
}

mapping::LayerWeights* Search::weights_of(const Draft& draft, const network::Layer& kernel) {
  if (!ops::has_weights(kernel)) return nullptr;
  const sparsity::KernelMask& mask = draft.masks[static_cast<std::size_t>(kernel.id)];
  return &weights_.try_emplace(kernel.id, kernel, mask, cost::tuned::paced_windows).first->second;
}

// Layers that the cores cannot tell apart have one number.
int Search::shape_of(const network::Layer& l) {
  const auto same = [&](const network::Layer& o) {
    return o.op == l.op && o.in == l.in && o.out == l.out && o.window == l.window && o.relu == l.relu &&
           o.scaling == l.scaling && o.groups == l.groups && o.second == l.second && o.source == l.source &&
           o.lookup.function == l.lookup.function && (o.id == l.id || operator_of(o).rows) && o.is_gemm == l.is_gemm &&
           o.in_type == l.in_type && o.out_type == l.out_type;
  };
  const auto it = std::find_if(shapes_.begin(), shapes_.end(), same);
  const auto number = static_cast<int>(it - shapes_.begin());
  if (it == shapes_.end()) shapes_.push_back(l);
  return number;
}

const FoundTiles& Search::tiles(const LayerCase& c, const mapping::Partition& p, mapping::Span rows) {
  const bool alone = c.in_place || c.forced != nullptr || !c.borders.empty();
  if (alone) return uncommon_ = choose_tiles(c, p, in_.array, in_.latency_model);
  const bool full = c.weights == nullptr || c.weights->blocks() == c.weights->size();
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  const Key key{shape_of(*c.layer),
                shape_of(*c.kernel),
                c.pool == nullptr ? -1 : shape_of(*c.pool),
                full ? -1 : c.layer->id,  // masks are told apart by their layer
                number(p.sharding.cols),
                number(p.sharding.rows),
                rows.size(),
                number(c.operand),
                number(c.in_ddr.input) + number(c.in_ddr.operand) * 2 + number(c.in_ddr.output) * 4,
                c.input_sharers,
                number(c.input_axis) + number(c.operand_axis) * 4 + number(c.output_axis) * 16,
                c.staging};
  const auto [it, added] = found_.try_emplace(key);
  if (added) it->second = choose_tiles(c, p, in_.array, in_.latency_model);
  return it->second;
}

// The tiling with tiles of at most the forced sizes, the better of its two ways to stage an input in DDR.
std::optional<TileChoice> Search::forced_tiles(const LayerCase& c, const mapping::Partition& p, Demand& demand) const {
  mapping::LayerMapping m;
  m.tile = *c.forced->tile;
  m.weights_stationary = c.forced->weights_stationary.value_or(false);
  const Bytes core_limit = in_.array.tile.memory.size - in_.array.tile.reserved;
  const mapping::Channels channels = plan_channels(c, p, in_.array);
  std::optional<TileChoice> best;
  for (const bool chunks_staged : {false, true}) {
    m.chunks_staged = chunks_staged;
    const mapping::Tiling t = tiling_of(*c.layer, p, m);
    if (c.forced->chunks_staged.value_or(chunks_staged) != chunks_staged) continue;
    if (chunks_staged && !(c.in_ddr.input && t.ni > 1)) continue;
    const mapping::Weights w = cost::weights_of(c, p, t);
    const cost::Walk walk{p, t, core_buffers(c, p, t, w.largest), w, channels};
    const Demand asked{walk.buffers.total(), staging_bytes(c.in_ddr, p, t, walk.buffers, in_.array), {}, {}};
    demand.keep_least(asked);
    if (asked.core > core_limit || asked.staging > c.staging) continue;
    const cost::Movement moved = movement_of(c, walk, in_.array, std::numeric_limits<double>::infinity());
    const cost::Estimate e = estimate_with(c, walk, moved, in_.array, in_.latency_model);
    if (!best || e.cycles < best->estimate.cycles) best = TileChoice{t, walk.buffers, e};
  }
  return best;
}

Choice Search::choice_of(const LayerCase& c, const mapping::Partition& p, const TileChoice& tiles) const {
  const Bytes core_limit = in_.array.tile.memory.size - in_.array.tile.reserved;
  Choice choice;
  choice.mapping.sharding = p.sharding;
  choice.mapping.tile = tile_sizes(*c.layer, p, tiles.tiling);
  choice.mapping.weights_stationary = tiles.tiling.weights_stationary;
  choice.mapping.chunks_staged = tiles.tiling.chunks_staged;
  choice.mapping.buffers = with_spare_slots(tiles.buffers, core_limit).slots;
  choice.mapping.channels = plan_channels(c, p, in_.array);
  choice.core_bytes = tiles.buffers.total();
  choice.staging_bytes = staging_bytes(c.in_ddr, p, tiles.tiling, tiles.buffers, in_.array);
  choice.cycles = tiles.estimate.cycles;
  return choice;
}

std::optional<Choice> Search::with_forced(const LayerCase& c, mapping::Span rows, Choice choice, Demand& demand) const {
  const mapping::ForcedMapping& f = *c.forced;
  if (!f.buffers.any() && !f.channels.any()) return choice;
  mapping::Slots& s = choice.mapping.buffers;
  s = {f.buffers.input.value_or(s.input), f.buffers.weights.value_or(s.weights), f.buffers.operand.value_or(s.operand),
       f.buffers.output.value_or(s.output)};
  mapping::Channels& n = choice.mapping.channels;
  n = {f.channels.acts.value_or(n.acts), f.channels.spills.value_or(n.spills), f.channels.weights.value_or(n.weights),
       f.channels.results.value_or(n.results), f.channels.loads.value_or(n.loads)};
  std::vector<Problem> wrong, too_large;
  mapping::check_layer_mapping({*c.layer, rows, choice.mapping, c, c.in_ddr, c.weights}, in_.array,
                               "schedule.layers." + c.layer->name, wrong, too_large);
  const bool follows = wrong.empty() && too_large.empty();
  if (demand.refused.empty()) demand.refused = std::move(wrong);
  if (demand.too_large.empty()) demand.too_large = std::move(too_large);
  if (!follows) return std::nullopt;
  choice.cycles = layer_cost(c, rows, choice.mapping, in_.array, in_.latency_model).cycles;
  return choice;
}

std::optional<Choice> Search::weigh(const LayerCase& given, mapping::Span rows, Demand& least,
                                    std::vector<Candidate>& candidates) {
  const network::Layer& layer = *given.layer;
  LayerCase c = given;
  const auto it = in_.spec.layers.find(layer.name);
  const mapping::ForcedMapping forced = it != in_.spec.layers.end() ? it->second : mapping::ForcedMapping{};
  const bool any = it != in_.spec.layers.end();
  if (any) c.forced = &forced;
  std::vector<mapping::Sharding> shardings =
      in_.policy.shardings(is_square(layer, *c.kernel), c.input_axis, c.output_axis);
  if (forced.cols || forced.rows) {
    const mapping::Sharding s = shardings.front();
    shardings = {{forced.cols.value_or(s.cols), forced.rows.value_or(s.rows)}};
  }
  std::optional<Choice> best;
  std::size_t chosen = 0;
  for (const mapping::Sharding& s : shardings) {
    if (c.in_place && !frees_rows(s, in_.array)) continue;
    const mapping::Partition p = make_partition(layer, rows, s, in_.array);
    Demand demand;
    std::optional<TileChoice> tiles;
    if (forced.tile) {
      tiles = forced_tiles(c, p, demand);
    } else {
      const FoundTiles& found = this->tiles(c, p, rows);
      tiles = found.tiles;
      demand = found.demand;
    }
    std::optional<Choice> choice;
    if (tiles) choice = choice_of(c, p, *tiles);
    if (choice && any) choice = with_forced(c, rows, *choice, least);
    if (!tiles && demand.core == Demand{}.core && forced.chunks_staged == true && least.refused.empty())
      least.refused = {{"", "schedule.layers." + layer.name + ".staging", "is chunks for layer " + layer.name,
                        c.in_ddr.input ? "legal: tiles, all channels are one chunk"
                                       : "legal: tiles, the input does not stand in DDR"}};
    least.keep_least(demand);
    Candidate weighed;
    weighed.mapping = sharding_name(s);
    weighed.rows = rows.size();
    weighed.core_bytes = demand.core;
    weighed.staging_bytes = demand.staging;
    weighed.staging_free = c.staging;
    if (choice) {
      weighed.tiling = walk_name(choice->mapping);
      weighed.us = choice->cycles * 1e6 / in_.array.clock_hz;
      weighed.bound_by = tiles->estimate.bound_by;
      weighed.core_bytes = choice->core_bytes;
      if (!best || choice->cycles < best->cycles) {
        best = choice;
        chosen = candidates.size();
      }
    }
    candidates.push_back(std::move(weighed));
  }
  if (best) candidates[chosen].chosen = true;
  return best;
}

void set_axes(const Inputs& in, const Draft& d, LayerCase& c, const LayerTensors& t) {
  c.input_axis = d.axis[d.mapping.root(t.input)];
  c.operand_axis = t.operand < 0 ? in.policy.axis() : d.axis[d.mapping.root(t.operand)];
  c.output_axis = d.axis[d.mapping.root(t.target)];
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
  std::optional<double> best;
  for (const mapping::Sharding& s : in_.policy.shardings(is_square(u.geometry, kernel), c.input_axis, c.output_axis)) {
    const mapping::Partition p = make_partition(u.geometry, rows, s, in_.array);
    const auto& tiles = this->tiles(c, p, rows).tiles;
    if (tiles && (!best || tiles->estimate.cycles < *best)) best = tiles->estimate.cycles;
  }
  return best;
}

}  // namespace tessera::schedule
