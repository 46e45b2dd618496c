#include "sim/schedule/schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/schedule/bands.h"
#include "sim/schedule/rolling.h"
#include "sim/schedule/scheduler.h"

namespace tessera::schedule {
namespace {

std::string tiling_text(const network::Layer& layer, const Partition& p, const Tiling& t) {
  return fmt::format("tile={}x{}x{}/{}{}{}{}", ceil_div(p.max_h, t.nh), ceil_div(p.max_w, t.nw),
                     ceil_div(p.max_b, t.no) * 8, ceil_div(network::stored_channels(layer.in.c) / 8, t.ni) * 8,
                     t.weights_outer ? " weights-outer" : "", t.chunks_staged ? " chunks-staged" : "",
                     t.input_slots > 2 ? fmt::format(" input-slots={}", t.input_slots) : "");
}

Failure does_not_fit(const network::Layer& l, const Demand& demand, Bytes core, Bytes staging) {
  const std::string where = "layer " + l.name;
  if (demand.core > core)
    return fail(ExitCode::does_not_fit,
                {"", where,
                 fmt::format("no tiling fits in a core: the smallest needs {} bytes, a core has {}, {} are missing",
                             demand.core, core, demand.core - core),
                 "a larger compute tile (hardware.tile.memory.size), a smaller kernel or map, or another mapping "
                 "(schedule.layers.<name>.cols/rows/tile) would help"});
  if (demand.staging == Demand{}.staging)  // nothing got as far as the memory tiles
    return fail(ExitCode::does_not_fit,
                {"", where, "every tiling that fits in a core moves more at once than a descriptor can",
                 "larger hardware.tile.dma.max_length or hardware.memtile.dma.max_wrap would help"});
  const char* knobs =
      "larger memory tiles (hardware.memtile.memory.size), more columns (hardware.cols), or another "
      "mapping (schedule.layers.<name>.cols/rows/tile) would help";
  if (demand.staging > staging)
    return fail(
        ExitCode::does_not_fit,
        {"", where,
         fmt::format("no tiling fits in the memory tiles: staging and weights need {} bytes of each at least, {} "
                     "are free, {} are missing",
                     demand.staging, staging, demand.staging - staging),
         knobs});
  return fail(ExitCode::does_not_fit,
              {"", where,
               fmt::format("staging and weights need {} bytes of each memory tile in several buffers, which do not fit "
                           "around what other layers keep there; the largest gap has {}",
                           demand.staging, staging),
               knobs});
}

// More slots for weights where core memory is left: chunks of unequal sizes then average out. No more than half of it:
// in the other half the next layer's first buffers are filled meanwhile.
CoreBuffers with_spare_slots(CoreBuffers b, Bytes core_limit) {
  if (b.weights_slots < 2) return b;
  while (b.weights_slots < core_locks::most_slots && (b.total() + b.weights) * 2 <= core_limit) ++b.weights_slots;
  return b;
}

}  // namespace

network::Layer with_pool(const network::Layer& conv, const network::Layer& pool) {
  network::Layer both = conv;
  both.out = pool.out;
  both.window.kh = conv.window.kh + (pool.window.kh - 1) * conv.window.sh;
  both.window.kw = conv.window.kw + (pool.window.kw - 1) * conv.window.sw;
  both.window.sh = conv.window.sh * pool.window.sh;
  both.window.sw = conv.window.sw * pool.window.sw;
  return both;
}

LayerWeights* Scheduler::weights_of(const network::Layer& kernel) const {
  if (kernel.op != network::Op::conv2d) return nullptr;
  const program::Program& program = e_.builder.program();
  return &weights_.try_emplace(kernel.id, kernel, program.masks[program.layers[kernel.id].mask]).first->second;
}

// Layers of one shape with about as many blocks share what was good for the first of them.
Shortlist& Scheduler::shortlist(const LayerContext& c, const Mapping& m, Span rows) const {
  const network::Layer& l = *c.layer;
  const network::Window &w = l.window, &k = c.kernel->window;
  const int blocks = c.weights == nullptr ? -1 : static_cast<int>(c.weights->blocks() * 32 / c.weights->size());
  return shortlists_[{static_cast<int>(l.op),
                      l.in.h,
                      l.in.w,
                      l.in.c,
                      l.out.h,
                      l.out.w,
                      l.out.c,
                      w.kh,
                      w.kw,
                      w.sh,
                      w.sw,
                      w.pad_top,
                      w.pad_left,
                      k.kh,
                      k.kw,
                      static_cast<int>(m.cols),
                      static_cast<int>(m.rows),
                      rows.size(),
                      c.operand,
                      c.input_in_ddr,
                      c.operand_in_ddr,
                      c.output_in_ddr,
                      c.rolling,
                      c.input_sharers,
                      static_cast<int>(c.input_bands),
                      static_cast<int>(c.operand_bands),
                      static_cast<int>(c.output_bands),
                      blocks}];
}

// The cheapest mapping of a layer, or nothing; all that were weighed go to the layer's report.
std::optional<Scheduler::Choice> Scheduler::weigh_mappings(const LayerContext& c, Span rows, Demand& least) {
  const network::Layer& layer = *c.layer;
  const Bytes core_limit = array_.tile.memory.size - array_.tile.reserved;
  LayerOverride forced;
  if (const auto it = spec_.layers.find(layer.name); it != spec_.layers.end()) forced = it->second;
  std::vector<Mapping> mappings = policy_.mappings(is_square(layer, *c.kernel), c.input_bands, c.output_bands);
  if (forced.cols || forced.rows) {
    const Mapping m = mappings.front();
    mappings = {{forced.cols.value_or(m.cols), forced.rows.value_or(m.rows)}};
  }
  std::optional<Choice> best;
  auto& candidates = reports_[layer.id].candidates;
  std::size_t chosen = 0;
  for (const Mapping& m : mappings) {
    if (c.rolling && !rolls(m, array_)) continue;
    Partition p = make_partition(layer, rows, m, array_);
    std::optional<TilingChoice> choice;
    Demand demand;
    if (forced.tile) {
      for (const Tiling& tiling : tilings_of_tile(c, p, *forced.tile)) {
        TilingChoice t;
        t.tiling = tiling;
        t.buffers = core_buffers(c, p, tiling);
        t.estimate = estimate(c, p, tiling, t.buffers, array_, law_);
        const Demand asked{t.buffers.total(), staging_bytes(c, p, tiling, t.buffers, array_)};
        demand = {std::min(demand.core, asked.core), std::min(demand.staging, asked.staging)};
        if (asked.core > core_limit || asked.staging > c.staging) continue;
        if (!choice || t.estimate.cycles < choice->estimate.cycles) choice = t;
      }
    } else {
      choice = choose_tiling(c, p, array_, law_, &demand, &shortlist(c, m, rows));
    }
    least = {std::min(least.core, demand.core), std::min(least.staging, demand.staging)};
    Candidate weighed;
    weighed.mapping = mapping_name(m);
    weighed.rows = rows.size();
    weighed.core_bytes = demand.core;
    weighed.staging_bytes = demand.staging;
    weighed.staging_free = c.staging;
    if (choice) {
      weighed.tiling = tiling_text(layer, p, choice->tiling);
      weighed.us = choice->estimate.cycles * 1e6 / array_.clock_hz;
      weighed.bound_by = choice->estimate.bound_by;
      weighed.core_bytes = choice->buffers.total();
    }
    candidates.push_back(std::move(weighed));
    if (choice && (!best || choice->estimate.cycles < best->tiling.estimate.cycles)) {
      best = Choice{std::move(p), *choice};
      chosen = candidates.size() - 1;
    }
  }
  if (best) candidates[chosen].chosen = true;
  return best;
}

std::optional<Failure> Scheduler::emit_layer(const network::Layer& kernel, const Part& part) {
  const network::LayerId input = part.input, target = part.target;
  const int target_c0 = part.target_c0, fused = part.fused;
  const Span rows = part.rows;
  const bool placed = part.placed;
  const network::Layer* tail = fused >= 0 ? &network_.layers[fused] : nullptr;
  const bool pooled = tail != nullptr && tail->op == network::Op::maxpool;
  const network::Layer layer = pooled ? with_pool(kernel, *tail) : kernel;
  const int add_layer = tail != nullptr && !pooled ? fused : -1;
  network::LayerId operand = -1;
  if (kernel.op == network::Op::add) operand = kernel.inputs[1];
  if (add_layer >= 0) operand = tail->inputs[0] == kernel.id ? tail->inputs[1] : tail->inputs[0];
  LayerContext c;
  c.layer = &layer;
  c.kernel = &kernel;
  c.pool = pooled ? tail : nullptr;
  c.weights = weights_of(kernel);
  c.operand = operand >= 0;
  set_bands(c, input, operand, target);
  c.input_in_ddr = e_.home(input).in_ddr;
  if (rows.size() < layer.out.h && !placed_by_rows(input) && !c.input_in_ddr && c.input_bands == Axis::height)
    c.input_sharers = static_cast<int>(std::clamp<std::int64_t>(layer.out.h / rows.size(), 1, array_.cols));
  c.operand_in_ddr = operand >= 0 && e_.home(operand).in_ddr;
  const network::LayerId root = e_.views[target].root;
  const bool whole = rows.size() == layer.out.h;
  const bool fresh = !placed && e_.homes[root].pieces.empty();
  const bool over = fresh && whole && operand >= 0 && operand != input && place_over(root, operand, layer.id);
  c.output_bands = bands_[root];

  Demand least;
  LayerPlan plan;
  std::optional<Choice> choice;
  const auto weigh = [&] {
    c.output_in_ddr = e_.homes[root].in_ddr;
    c.staging = free_staging();
    choice = weigh_mappings(c, rows, least);
  };
  const auto known = depth_choices_.find({layer.id, rows.size()});
  if (fresh && !over) {
    Bytes weights = 0;
    if (c.weights != nullptr) weights = c.weights->blocks() * c.weights->block_bytes();
    const Bytes reserve = std::min(usual_reserve(), weights / array_.memtiles() * 5 / 4 + usual_reserve() / 8);
    const bool output = last_use_[root] == 0;
    if (output || !place_rows(root, {0, network_.layers[root].out.h}, reserve)) {
      if (!output && operand < 0) choice = roll(c, input, root, reserve, &plan.later);
      if (!choice) place_in_ddr(root);
    }
  }
  if (known != depth_choices_.end()) {
    const TilingChoice& t = known->second.tiling;
    Partition p = make_partition(layer, rows, known->second.partition.mapping, array_);
    c.output_in_ddr = e_.homes[root].in_ddr;
    if (staging_bytes(c, p, t.tiling, t.buffers, array_) <= free_staging()) choice = Choice{std::move(p), t};
  }
  if (!choice) weigh();
  if (!choice && fresh && !over && !e_.homes[root].in_ddr) {  // give up the place in the memory tiles
    release_rows(root, layer.out.h);
    forget_pieces(root);
    place_in_ddr(root);
    weigh();
  }
  if (!choice) return does_not_fit(layer, least, array_.tile.memory.size - array_.tile.reserved, c.staging);
  c.output_in_ddr = e_.homes[root].in_ddr;
  c.staging = free_staging();
  if (!whole) depth_choices_.insert({{layer.id, rows.size()}, *choice});

  plan.kernel = kernel;
  plan.pool = pooled ? fused : -1;
  plan.input = input;
  plan.operand = operand;
  plan.add_layer = add_layer;
  plan.members = {{kernel.id,
                   target,
                   target_c0,
                   e_.builder.program().layers[layer.id].mask,
                   {0, static_cast<int>(ceil_div(network::stored_channels(layer.out.c), 8))}}};
  if (fused >= 0) e_.builder.program().layers[fused].mapping = "fused into " + layer.name;
  return emit_plan(std::move(plan), c, *choice);
}

// Has a plan emitted for which a mapping was chosen.
std::optional<Failure> Scheduler::emit_plan(LayerPlan plan, const LayerContext& c, const Choice& choice) {
  const Bytes core_limit = array_.tile.memory.size - array_.tile.reserved;
  const TilingChoice& best = choice.tiling;
  plan.layer = *c.layer;
  plan.input_sharers = c.input_sharers;
  plan.partition = choice.partition;
  const Axis cols = plan.partition.mapping.cols;
  plan.crosses = cols != Axis::channels && cols != c.input_bands && !c.input_in_ddr;
  plan.tiling = best.tiling;
  plan.buffers = with_spare_slots(best.buffers, core_limit);
  plan.channels = plan_channels(c, plan.partition, array_);
  estimate_ += best.estimate.cycles;
  e_.builder.program().layers[c.layer->id].mapping =
      mapping_name(plan.partition.mapping) + " " + tiling_text(*c.layer, plan.partition, plan.tiling) +
      (plan.members.size() > 1 ? fmt::format(" for {} layers", plan.members.size()) : "") +
      (bands_[e_.views[plan.members[0].target].root] != policy_.bands() ? " bands=width" : "");
  LayerEmitter emitter(e_, plan);
  if (!emitter.emit())
    return does_not_fit(*c.layer,
                        {best.buffers.total(), staging_bytes(c, plan.partition, best.tiling, best.buffers, array_)},
                        core_limit, c.staging);
  return std::nullopt;
}

std::optional<Failure> Scheduler::emit_concat(const network::Layer& layer) {
  const View view = e_.views[layer.id];
  int c0 = 0;
  for (network::LayerId part : layer.inputs) {
    const network::Layer& producer = network_.layers[part];
    const View& v = e_.views[part];
    if (v.root != view.root || v.c0 != view.c0 + c0) {
      network::Layer copy = layer;
      copy.window = {};
      copy.in = copy.out = producer.out;
      if (auto failure = emit_layer(copy, {part, layer.id, c0, -1, {0, copy.out.h}, false})) return failure;
    }
    c0 += network::stored_channels(producer.out.c);
  }
  return std::nullopt;
}

// Zeros around a map where descriptors of memory tiles can add none.
std::optional<Failure> Scheduler::wide_padding() {
  Failure failure{ExitCode::does_not_fit, {}};
  for (const network::Layer& l : network_.layers) {
    if (l.op != network::Op::conv2d && l.op != network::Op::maxpool && l.op != network::Op::avgpool) continue;
    const network::Window& w = l.window;
    const auto check = [&](const char* what, int dimension, int before, int after) {
      const int most = array_.memtile.dma.max_padding[static_cast<std::size_t>(dimension)];
      if (const int zeros = std::max(before, after); zeros > 0 && most == 0)
        failure.problems.push_back(
            {"", "layer " + l.name, fmt::format("pads with {} {} of zeros on one side", zeros, what),
             "none: descriptors of the memory tiles add no zeros (hardware.memtile.dma.max_padding)"});
    };
    // Windows need not reach the end of the padding behind the map.
    check("columns", 1, w.pad_left, (l.out.w - 1) * w.sw + w.kw - w.pad_left - l.in.w);
    check("rows", 2, w.pad_top, (l.out.h - 1) * w.sh + w.kh - w.pad_top - l.in.h);
  }
  if (failure.problems.empty()) return std::nullopt;
  return failure;
}

Expected<Schedule> Scheduler::run() {
  if (auto failure = wide_padding()) return *failure;
  plan_order();
  plan_views();
  plan_fusion();
  plan_lifetimes();
  describe_layers();
  plan_bands();
  for (std::size_t k = 0; k < order_.size(); ++k) {
    const network::Layer& l = network_.layers[order_[k]];
    std::optional<Failure> failure;
    std::size_t through = k;  // place of the last layer that is emitted now
    if (l.op == network::Op::input) {
      place_in_ddr(l.id);
    } else if (l.op == network::Op::concat) {
      failure = emit_concat(l);
    } else if (fused_into_[l.id] < 0) {
      int tiles = 1;
      const std::vector<DepthUnit> units = depth_group(l.id, &tiles);
      if (!units.empty()) {
        failure = emit_group(units, tiles);
        through = turn_[units.back().kernel];
      } else {
        if (l.op == network::Op::conv2d) weigh_pool(l);
        const std::vector<network::LayerId> together = siblings(l);
        bool emitted = false;
        if (!together.empty()) failure = emit_siblings(together, &emitted);
        if (emitted) {
          through = k + together.size() - 1;
        } else {
          const DepthUnit u = unit_of(l);
          failure = emit_layer(l, {l.inputs[0], u.target, 0, u.fused, {0, u.geometry.out.h}, false});
        }
      }
    }
    if (failure) return *failure;
    for (; k < through; ++k) release_read_by(order_[k]);
    release_read_by(order_[k]);
  }
  if (auto failure = unused_overrides()) return *failure;
  e_.builder.program().ddr_bytes = e_.ddr_top;
  Schedule s;
  s.estimate_us = estimate_ * 1e6 / array_.clock_hz;
  s.program = e_.builder.finish();
  s.layers = std::move(reports_);
  return s;
}

}  // namespace tessera::schedule
