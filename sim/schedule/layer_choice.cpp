#include "sim/schedule/layer_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/cost/tuned.h"
#include "sim/mapping/check_layer.h"
#include "sim/schedule/channel_plan.h"
#include "sim/schedule/in_place.h"
#include "sim/schedule/sharding_axis.h"
#include "sim/sparsity/layer_mask.h"

namespace tessera::schedule {
namespace {

constexpr int most_slots = 4;  // of a kind of tile in a core
constexpr std::size_t few_layers = 8;

// Layers of a batch that have the same weights have the same answers.
network::LayerId weighed_as(const network::Layer& layer) { return layer.repeats < 0 ? layer.id : layer.repeats; }

// Whether what is found for it holds for others with the same key.
bool is_common(const LayerCase& c) { return !c.in_place && c.forced == nullptr && c.borders.empty(); }

bool fits_core(const mapping::CoreBuffers& b, const arch::ArraySpec& a) {
  return b.total() <= a.tile.memory.size - a.tile.reserved &&
         std::max({b.input, b.weights, b.operand, b.output}) <= a.tile.dma.max_length;
}

// More slots for weights where core memory is left: chunks of unequal sizes then average out. No more than half of it:
// in the other half the next layer's first buffers are filled meanwhile.
mapping::CoreBuffers with_spare_slots(mapping::CoreBuffers b, Bytes core_limit) {
  if (b.slots.weights < 2) return b;
  while (b.slots.weights < most_slots && (b.total() + b.weights) * 2 <= core_limit) ++b.slots.weights;
  return b;
}

OpenChoice::Alternative alternative(const mapping::Partition& p, const TileChoice& tiles, const Choice& choice,
                                    const Reach& reach, bool dense) {
  const mapping::Tiling& t = tiles.tiling;
  Way way{p.sharding, t.weights_stationary, t.chunks_staged, dense};
  way.pixels_cut = reach.cuts_apart && t.nh * t.nw > 1;
  way.channels_cut = reach.cuts_apart && t.no > 1;
  way.evened = !t.inbound.usual();
  way.chunks = reach.cuts_apart ? kind_of_chunks(t) : 0;
  return {way, choice, static_cast<double>(p.parts.size()) * t.steps(), t.nh * t.nw == 1};
}

// In large networks few alternatives are tried: what is far off, or much like another, would not be among them.
Reach reach_of(const Inputs& in) {
  if (in.trials == nullptr) return {};
  // What a layer alone waits for at its start is not in the estimate, and what a serial controller does before it is:
  // of so few layers the estimates say less.
  constexpr double further = 1.6;
  const std::size_t layers = in.network.layers.size();
  const bool alone = layers <= very_few_layers;
  if (layers > few_layers) return {cost::tuned.worth_a_short_trial, false};
  return {cost::tuned.worth_a_trial * (alone ? further : 1), alone};
}

}  // namespace

Search::Search(const Inputs& in) : in_(in), reach_(reach_of(in)) {}

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
  return &weights_.try_emplace(weighed_as(kernel), kernel, mask, cost::tuned.paced_windows).first->second;
}

mapping::LayerWeights* Search::full_weights_of(const network::Layer& kernel) {
  if (const auto known = full_weights_.find(weighed_as(kernel)); known != full_weights_.end()) return &known->second;
  const sparsity::KernelMask full = sparsity::layer_mask(kernel, std::nullopt);
  return &full_weights_.try_emplace(weighed_as(kernel), kernel, full, cost::tuned.paced_windows).first->second;
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

Joining Search::joining_of(network::LayerId conv) const {
  const auto it = joining.find(conv);
  return it == joining.end() ? usual_joining(in_.array) : it->second;
}

Joining usual_joining(const arch::ArraySpec& array) {
  return array.controller.mechanism == arch::ControlMechanism::none ? Joining::at_will : Joining::evenly;
}

bool Search::evens_of(const LayerCase& c) const {
  return evens && in_.policy.evens_channels() && usual.count(c.kernel->id) == 0;
}

Search::Key Search::key_of(const LayerCase& c, mapping::Span rows, const mapping::Sharding* division, bool evened) {
  const bool full = c.weights == nullptr || c.weights->blocks() == c.weights->size();
  const auto number = [](auto value) { return static_cast<std::int64_t>(value); };
  return {shape_of(*c.layer),
          shape_of(*c.kernel),
          c.pool == nullptr ? -1 : shape_of(*c.pool),
          full ? -1 : weighed_as(*c.layer),  // masks are told apart by their layer
          division == nullptr ? -1 : number(division->cols),
          division == nullptr ? -1 : number(division->rows),
          rows.size(),
          number(c.operand),
          number(c.in_ddr.input) + number(c.in_ddr.operand) * 2 + number(c.in_ddr.output) * 4,
          c.input_sharers,
          number(c.input_axis) + number(c.operand_axis) * 4 + number(c.output_axis) * 16,
          c.staging,
          number(evened) + number(evened && c.asked)};
}

const FoundTiles& Search::tiles(const LayerCase& c, const mapping::Partition& p, mapping::Span rows) {
  if (!is_common(c)) {
    Reach reach = c.asked ? reach_ : Reach{};
    reach.evens = evens_of(c);
    return uncommon_ = choose_tiles(c, p, in_.array, in_.latency_model, reach);
  }
  return evens_of(c) ? evened_tiles(c, p, rows) : usual_tiles(c, p, rows);
}

const FoundTiles& Search::usual_tiles(const LayerCase& c, const mapping::Partition& p, mapping::Span rows) {
  const auto [it, added] = found_.try_emplace(key_of(c, rows, &p.sharding, false));
  if (added) it->second = choose_tiles(c, p, in_.array, in_.latency_model, reach_);
  return it->second;
}

const FoundTiles& Search::evened_tiles(const LayerCase& c, const mapping::Partition& p, mapping::Span rows) {
  const auto [it, added] = found_.try_emplace(key_of(c, rows, &p.sharding, true));
  if (!added) return it->second;
  Reach reach = c.asked ? reach_ : Reach{};
  reach.evens = true;
  if (c.asked) return it->second = choose_tiles(c, p, in_.array, in_.latency_model, reach);
  const FoundTiles& known = usual_tiles(c, p, rows);
  if (known.tiles) {
    reach.below = std::min(c.below, known.tiles->estimate.cycles);
    it->second = choose_tiles(c, p, in_.array, in_.latency_model, reach);
  }
  if (!it->second.tiles) it->second = known;
  return it->second;
}

double Search::least_usual(const LayerCase& c, mapping::Span rows, const std::vector<mapping::Sharding>& shardings) {
  double least = std::numeric_limits<double>::infinity();
  for (const mapping::Sharding& s : shardings)
    if (const auto& known = usual_tiles(c, make_partition(*c.layer, rows, s, in_.array), rows); known.tiles)
      least = std::min(least, known.tiles->estimate.cycles);
  return least;
}

// The tiling with tiles of at most the forced sizes, the better of its two ways to stage an input in DDR.
std::optional<TileChoice> Search::forced_tiles(const LayerCase& c, const mapping::Partition& p, Demand& demand) const {
  mapping::LayerMapping m;
  m.tile = *c.forced->tile;
  m.weights_stationary = c.forced->weights_stationary.value_or(false);
  const mapping::Channels channels = plan_channels(c, p, in_.array);
  std::optional<TileChoice> best;
  for (const bool chunks_staged : {false, true}) {
    m.chunks_staged = chunks_staged;
    const mapping::Tiling t = tiling_of(*c.layer, p, m);
    if (c.forced->chunks_staged.value_or(chunks_staged) != chunks_staged) continue;
    if (chunks_staged && !(c.in_ddr.input && t.ni > 1)) continue;
    const mapping::Weights w = cost::weights_of(c, p, t);
    const mapping::TileShape shape = tile_shape(*c.layer, p, t);
    const cost::Walk walk{p, t, core_buffers(c, shape, t, w.largest), w, channels, shape};
    const Demand wanted{walk.buffers.total(), staging_bytes(c.in_ddr, p, t, walk.buffers, in_.array), {}, {}};
    demand.keep_least(wanted);
    if (!fits_core(walk.buffers, in_.array) || wanted.staging > c.staging) continue;
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
  choice.mapping.inbound = tiles.tiling.inbound;
  choice.core_bytes = tiles.buffers.total();
  choice.staging_bytes = staging_bytes(c.in_ddr, p, tiles.tiling, tiles.buffers, in_.array);
  choice.cycles = tiles.estimate.cycles;
  return choice;
}

std::optional<Choice> Search::with_forced(const LayerCase& c, mapping::Span rows, Choice choice, Demand& demand) const {
  const mapping::ForcedMapping& f = *c.forced;
  if (!f.buffers.any() && !f.channels.any() && !f.inbound.any()) return choice;
  mapping::Inbound& inbound = choice.mapping.inbound;
  inbound = {f.inbound.aside.value_or(inbound.aside), f.inbound.operand_first.value_or(inbound.operand_first)};
  mapping::Slots& s = choice.mapping.buffers;
  if (inbound.aside > 0) s.input = std::max(s.input, 2);
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

void Search::weigh_division(const LayerCase& c, mapping::Span rows, const mapping::Sharding& s, Demand& least,
                            std::vector<Candidate>& candidates, Weighed& weighed) {
  const network::Layer& layer = *c.layer;
  const mapping::Partition p = make_partition(layer, rows, s, in_.array, c.borders);
  FoundTiles found;
  if (c.forced != nullptr && c.forced->tile) {
    found.tiles = forced_tiles(c, p, found.demand);
    if (found.tiles) found.orders = {*found.tiles};
  } else {
    found = this->tiles(c, p, rows);
  }
  std::optional<Choice> choice;
  if (found.tiles) choice = choice_of(c, p, *found.tiles);
  if (choice && c.forced != nullptr) choice = with_forced(c, rows, *choice, least);
  if (!found.tiles && found.demand.core == Demand{}.core && c.forced != nullptr && c.forced->chunks_staged == true &&
      least.refused.empty())
    least.refused = {{"", "schedule.layers." + layer.name + ".staging", "is chunks for layer " + layer.name,
                      c.in_ddr.input ? "legal: tiles, all channels are one chunk"
                                     : "legal: tiles, the input does not stand in DDR"}};
  least.keep_least(found.demand);
  Candidate candidate;
  candidate.mapping = sharding_name(s);
  candidate.rows = rows.size();
  candidate.core_bytes = found.demand.core;
  candidate.staging_bytes = found.demand.staging;
  candidate.staging_free = c.staging;
  if (choice) {
    candidate.tiling = walk_name(choice->mapping);
    candidate.us = choice->cycles * 1e6 / in_.array.clock_hz;
    candidate.bound_by = found.tiles->estimate.bound_by;
    candidate.core_bytes = choice->core_bytes;
    if (!weighed.best || choice->cycles < weighed.best->cycles) {
      weighed.best = choice;
      weighed.chosen = candidates.size();
    }
  }
  candidates.push_back(std::move(candidate));
  if (!c.asked) return;
  for (const TileChoice& order : found.orders) {
    Demand unused;
    std::optional<Choice> other = choice_of(c, p, order);
    if (c.forced != nullptr) other = with_forced(c, rows, *other, unused);
    if (other) weighed.alternatives.push_back(alternative(p, order, *other, reach_, false));
  }
}

void Search::weigh_as_dense(const LayerCase& c, mapping::Span rows, const mapping::Sharding& s, Weighed& weighed) {
  LayerCase dense = c;
  dense.weights = full_weights_of(*c.kernel);
  const mapping::Partition p = make_partition(*c.layer, rows, s, in_.array, c.borders);
  for (TileChoice order : this->tiles(dense, p, rows).orders) {
    // Indices make a chunk with few zero blocks larger than the dense one.
    order.buffers = core_buffers(c, p, order.tiling, cost::weights_of(c, p, order.tiling).largest);
    if (!fits_core(order.buffers, in_.array)) continue;
    Demand unused;
    std::optional<Choice> choice = choice_of(dense, p, order);
    if (c.forced != nullptr) choice = with_forced(c, rows, *choice, unused);
    if (!choice) continue;
    choice->cycles = layer_cost(c, rows, choice->mapping, in_.array, in_.latency_model).cycles;
    weighed.alternatives.push_back(alternative(p, order, *choice, reach_, true));
  }
}

namespace {
// For layers computed as one.
std::vector<mapping::Sharding> as_joined(std::vector<mapping::Sharding> even, Joining joining,
                                         const std::vector<int>& borders, const arch::ArraySpec& array) {
  if (joining == Joining::evenly) return even;
  std::vector<mapping::Sharding> list = joining == Joining::at_will ? even : std::vector<mapping::Sharding>{};
  for (mapping::Sharding& s : even) {
    if (mapping::channel_parts(s, array) <= static_cast<int>(borders.size())) continue;
    s.apart = true;
    list.push_back(s);
  }
  return list;
}
}  // namespace

Search::Weighed Search::weigh_rows(const LayerCase& given, mapping::Span rows, Demand& least,
                                   std::vector<Candidate>& candidates) {
  const network::Layer& layer = *given.layer;
  LayerCase c = given;
  const auto it = in_.spec.layers.find(layer.name);
  const mapping::ForcedMapping forced = it != in_.spec.layers.end() ? it->second : mapping::ForcedMapping{};
  if (it != in_.spec.layers.end()) c.forced = &forced;
  std::vector<mapping::Sharding> shardings =
      in_.policy.shardings(is_square(layer, *c.kernel), c.input_axis, c.output_axis);
  if (forced.cols || forced.rows) {
    const mapping::Sharding s = shardings.front();
    shardings = {{forced.cols.value_or(s.cols), forced.rows.value_or(s.rows)}};
  }
  if (!c.borders.empty()) shardings = as_joined(std::move(shardings), joining_of(c.kernel->id), c.borders, in_.array);
  const bool missing = c.weights != nullptr && c.weights->blocks() < c.weights->size();
  Weighed weighed;
  if (evens_of(c) && !c.asked && is_common(c)) c.below = least_usual(c, rows, shardings);
  for (const mapping::Sharding& s : shardings) {
    if (c.in_place && !frees_rows(s, in_.array)) continue;
    weigh_division(c, rows, s, least, candidates, weighed);
    if (c.asked && missing && !forced.tile) weigh_as_dense(c, rows, s, weighed);
  }
  return weighed;
}

void Search::choose(const OpenChoice::Alternative& a, mapping::Span rows, std::vector<Candidate>& candidates,
                    Weighed& weighed) const {
  const std::string name = sharding_name(a.way.sharding);
  weighed.best = a.choice;
  for (std::size_t k = candidates.size(); k-- > 0;) {
    if (candidates[k].mapping != name || candidates[k].rows != rows.size()) continue;
    weighed.chosen = k;
    candidates[k].tiling = walk_name(a.choice.mapping);
    candidates[k].us = a.choice.cycles * 1e6 / in_.array.clock_hz;
    candidates[k].core_bytes = a.choice.core_bytes;
    return;
  }
}

// Layers of one shape whose share of blocks differs by less than two percent are answered alike.
std::string Search::question_of(const LayerCase& c, mapping::Span rows) {
  const double blocks = c.weights == nullptr ? 1 : static_cast<double>(std::max<std::int64_t>(1, c.weights->blocks()));
  return fmt::format("{} {} {} {} {} {}{}{} {}{}{} {} {}", shape_of(*c.layer), shape_of(*c.kernel),
                     c.pool == nullptr ? -1 : shape_of(*c.pool), std::lround(std::log(blocks) * 50), rows.size(),
                     c.in_ddr.input, c.in_ddr.operand, c.in_ddr.output, static_cast<int>(c.input_axis),
                     static_cast<int>(c.operand_axis), static_cast<int>(c.output_axis), c.operand,
                     c.forced == nullptr ? "" : c.layer->name);
}

OpenChoice Search::open_choice_of(const LayerCase& c, mapping::Span rows,
                                  std::vector<OpenChoice::Alternative> alternatives) {
  OpenChoice q;
  q.rows = rows.size();
  q.kernel = c.kernel->id;
  q.fused = c.fused;
  if (c.mask != nullptr) q.mask = *c.mask;
  q.in_ddr = c.in_ddr;
  q.input_axis = c.input_axis;
  q.operand_axis = c.operand_axis;
  q.output_axis = c.output_axis;
  q.alternatives =
      ranked(std::move(alternatives), c.in_ddr.input, reach_.ratio, in_.array, reach_.cuts_apart, c.layer->out);
  q.key = question_of(c, rows);
  return q;
}

void set_axes(const Inputs& in, const Draft& d, LayerCase& c, const LayerTensors& t) {
  c.input_axis = d.axis[d.mapping.root(t.input)];
  c.operand_axis = t.operand < 0 ? in.policy.axis() : d.axis[d.mapping.root(t.operand)];
  c.output_axis = d.axis[d.mapping.root(t.target)];
}

}  // namespace tessera::schedule
