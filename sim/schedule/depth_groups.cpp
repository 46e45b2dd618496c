// Runs of layers that are walked together in tiles of rows: which, in how many tiles, and whether that pays.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/schedule/bands.h"
#include "sim/schedule/scheduler.h"

namespace tessera::schedule {

DepthUnit Scheduler::unit_of(const network::Layer& kernel) const {
  DepthUnit u;
  u.kernel = kernel.id;
  u.fused = fused_[kernel.id];
  u.target = u.fused < 0 ? kernel.id : u.fused;
  u.geometry = kernel;
  if (u.fused >= 0) {
    const network::Layer& tail = network_.layers[u.fused];
    if (tail.op == network::Op::maxpool)
      u.geometry = with_pool(kernel, tail);
    else
      u.same_rows = {tail.inputs[0] == kernel.id ? tail.inputs[1] : tail.inputs[0]};
  }
  if (kernel.op == network::Op::add) u.same_rows = {kernel.inputs[1]};
  return u;
}

// Takes a pool out of its convolution again where the two cost less apart: tiles of whole pool windows may divide worse
// among the cores, and the map before the pool takes core memory.
void Scheduler::weigh_pool(const network::Layer& conv) {
  const network::LayerId pool = fused_[conv.id];
  if (pool < 0 || network_.layers[pool].op != network::Op::maxpool) return;
  const bool in_ddr = e_.home(conv.inputs[0]).in_ddr;
  const auto cost = [&](const network::Layer& l, bool input_in_ddr, bool output_in_ddr) {
    const DepthUnit u = unit_of(l);
    return unit_cost(u, {0, u.geometry.out.h}, input_in_ddr, output_in_ddr, free_staging(), 1);
  };
  const auto together = cost(conv, in_ddr, !fits(pool));
  fused_[conv.id] = -1;
  const bool spills = !fits(conv.id);
  const auto first = cost(conv, in_ddr, spills), second = cost(network_.layers[pool], spills, !fits(pool));
  if (first && second && (!together || *first + *second < *together)) {
    fused_into_[pool] = -1;
    plan_lifetimes();
  } else {
    fused_[conv.id] = pool;
  }
}

// Whether everything between the units is read by them alone.
bool Scheduler::closed(const std::vector<DepthUnit>& units) const {
  const auto inside = [&](network::LayerId reader) {
    const network::LayerId runs_with = fused_into_[reader] >= 0 ? fused_into_[reader] : reader;
    return std::any_of(units.begin(), units.end(), [&](const DepthUnit& u) { return u.kernel == runs_with; });
  };
  return std::all_of(units.begin(), units.end() - 1, [&](const DepthUnit& u) {
    return std::all_of(readers_[u.target].begin(), readers_[u.target].end(), inside);
  });
}

// The run of layers from `first` on that is better walked in tiles: the shortest one whose last output has room in the
// memory tiles although tensors between have not. Empty: none.
std::vector<DepthUnit> Scheduler::depth_group(network::LayerId first, int* tiles) const {
  constexpr int longest = 4;
  network::LayerId forced_last = -1;
  for (const DepthSpec& d : spec_.depth)
    if (d.first == network_.layers[first].name) {
      *tiles = d.tiles;
      for (const network::Layer& l : network_.layers)
        if (l.name == d.last) forced_last = l.id;
    }
  if (forced_last < 0 && (!spec_.depth_tiling || !policy_.tiles_in_depth())) return {};
  std::vector<DepthUnit> units;
  for (std::size_t k = turn_[first]; k < order_.size(); ++k) {
    const network::LayerId i = order_[k];
    const network::Layer& l = network_.layers[i];
    if (l.op == network::Op::concat || l.op == network::Op::input) return {};
    if (fused_into_[i] >= 0) continue;
    const DepthUnit u = unit_of(l);
    if (e_.views[u.target].root != u.target || last_use_[u.target] == 0) return {};
    if (units.empty() && forced_last < 0 && fits(u.target)) return {};
    units.push_back(u);
    if (forced_last >= 0) {
      if (u.kernel != forced_last && u.target != forced_last) continue;
      return units.size() > 1 && closed(units) ? units : std::vector<DepthUnit>{};
    }
    if (static_cast<int>(units.size()) > longest) return {};
    if (units.size() < 2 || !closed(units)) continue;
    if (const auto best = best_tiles(units)) {
      *tiles = *best;
      return units;
    }
  }
  return {};
}

// What a unit costs on `rows` of its output, cheapest mapping; nothing when no tiling fits.
std::optional<double> Scheduler::unit_cost(const DepthUnit& u, Span rows, bool input_in_ddr, bool output_in_ddr,
                                           Bytes staging, int sharers) const {
  const network::Layer& kernel = network_.layers[u.kernel];
  LayerContext c;
  c.layer = &u.geometry;
  c.kernel = &kernel;
  c.pool = u.fused >= 0 && network_.layers[u.fused].op == network::Op::maxpool ? &network_.layers[u.fused] : nullptr;
  c.weights = weights_of(kernel);
  c.operand = !u.same_rows.empty();
  c.input_in_ddr = input_in_ddr;
  c.output_in_ddr = output_in_ddr;
  set_bands(c, kernel.inputs[0], u.same_rows.empty() ? -1 : u.same_rows[0], u.target);
  c.input_sharers = sharers;
  c.staging = staging;
  std::optional<double> best;
  for (const Mapping& m : policy_.mappings(is_square(u.geometry, kernel), c.input_bands, c.output_bands)) {
    const Partition p = make_partition(u.geometry, rows, m, array_);
    const auto choice = choose_tiling(c, p, array_, law_, nullptr, &shortlist(c, m, rows));
    if (choice && (!best || choice->estimate.cycles < *best)) best = choice->estimate.cycles;
  }
  return best;
}

// Whether the unit's output can be expected to fit over rows of its input: half of them, as tiles and halos keep some.
bool Scheduler::may_roll(const DepthUnit& unit) const {
  const network::LayerId from = e_.views[unit.geometry.inputs[0]].root;
  const Home& input = e_.homes[from];
  if (bands_[from] != Axis::height || input.in_ddr || input.pieces.empty() || !unit.same_rows.empty()) return false;
  if (last_use_[from] != unit.kernel || e_.views[unit.target].root != unit.target) return false;
  const network::Shape& out = unit.geometry.out;
  const Bytes band = ceil_div(out.h, array_.memtiles()) * Bytes{out.w} * network::stored_channels(out.c);
  const Piece& piece = input.pieces.front();
  return band + usual_reserve() / 2 <= free_staging() + piece.row_step() * piece.h.size() / 2;
}

// What the units cost one after the other, spilling what does not fit.
std::optional<double> Scheduler::layered_cost(const std::vector<DepthUnit>& units) const {
  double sum = 0;
  bool in_ddr = e_.homes[e_.views[units[0].geometry.inputs[0]].root].in_ddr;
  for (std::size_t u = 0; u < units.size(); ++u) {
    const bool spills = u + 1 < units.size() && !fits(units[u].target) && !(u == 0 && may_roll(units[u]));
    const auto cost = unit_cost(units[u], {0, units[u].geometry.out.h}, in_ddr, spills, free_staging(), 1);
    if (!cost) return std::nullopt;
    sum += *cost;
    in_ddr = spills;
  }
  return sum;
}

// What they cost walked in tiles; nothing where some tile fits nowhere.
std::optional<double> Scheduler::tiled_cost(const std::vector<DepthUnit>& units, int tiles) const {
  const network::LayerId input = e_.views[units[0].geometry.inputs[0]].root;
  const bool first_in_ddr = e_.homes[input].in_ddr;
  // The rows of a tile stand in few of the memory tiles when the run's input is spread by bands of its height.
  const int sharers = first_in_ddr || bands_[input] != Axis::height ? 1 : std::min(tiles, array_.cols);
  std::map<std::pair<int, int>, double> known;  // by unit and rows
  double sum = 0;
  for (const DepthStep& s : depth_steps(units, tiles)) {
    const auto [it, added] = known.try_emplace({s.unit, s.rows.size()}, 0.0);
    if (added) {
      const bool first = s.unit == 0;
      const auto cost =
          unit_cost(units[s.unit], s.rows, first && first_in_ddr, false, usual_reserve(), first ? sharers : 1);
      if (!cost) return std::nullopt;
      it->second = *cost;
    }
    sum += it->second;
  }
  return sum;
}

// Whether everything finds its place when the units are walked in tiles: the same finding and releasing as emit_group.
bool Scheduler::packs(const std::vector<DepthUnit>& units, int tiles) const {
  std::vector<TileAllocator> trial = e_.allocators;
  const int last = static_cast<int>(units.size()) - 1;
  int owner = next_owner_, emitted = e_.emitted_layers;
  const auto find = [&](network::LayerId tensor, Span rows) {
    return find_rows(trial, tensor, rows, usual_reserve(), owner++, emitted % 2 == 1);
  };
  const network::LayerId target = units[last].target;
  if (last_use_[target] != 0 && !find(target, {0, network_.layers[target].out.h})) return false;
  std::vector<std::vector<Piece>> live(units.size());
  for (const DepthStep& step : depth_steps(units, tiles)) {
    if (step.unit != last) {
      const auto pieces = find(units[step.unit].target, step.rows);
      if (!pieces) return false;
      live[step.unit].insert(live[step.unit].end(), pieces->begin(), pieces->end());
    }
    ++emitted;
    for (int u = 0; u < last; ++u) {
      const auto dead = [&](const Piece& p) { return p.h.hi <= step.keep[u]; };
      for (const Piece& p : live[u])
        if (dead(p)) trial[p.memtile].release(p.owner);
      live[u].erase(std::remove_if(live[u].begin(), live[u].end(), dead), live[u].end());
    }
  }
  return true;
}

// How many tiles walk the units best, if that is better than layer after layer: the least that fit, or up to twice as
// many where the rows of a tile then divide better among the columns.
std::optional<int> Scheduler::best_tiles(const std::vector<DepthUnit>& units) const {
  constexpr int most_tiles = 32;
  // About as good is better where the input comes from DDR anyway; elsewhere the rows of a tile stand in few memory
  // tiles, which costs more than the estimate sees. Chosen by simulating VGG16 and Inception V3 on arrays from 2x2 to
  // 8x8.
  constexpr double tie = 1.015;
  const int height = units.back().geometry.out.h;
  const auto waste = [&](int t) { return t * round_up(ceil_div(height, t), array_.cols); };
  int fewest = 0, even = 0;
  for (int t = 2; t <= std::min(most_tiles, height) && (fewest == 0 || t <= 2 * fewest); ++t) {
    if (!packs(units, t)) continue;
    if (fewest == 0) fewest = even = t;
    if (waste(t) < waste(even)) even = t;
  }
  if (fewest == 0) return std::nullopt;
  std::optional<double> best = layered_cost(units);
  if (best && e_.homes[e_.views[units[0].geometry.inputs[0]].root].in_ddr) *best *= tie;
  std::optional<int> tiles;
  for (int t : {fewest, even}) {
    const auto cost = tiled_cost(units, t);
    if (!cost || (best && *cost >= *best)) continue;
    best = cost;
    tiles = t;
  }
  return tiles;
}

std::optional<Failure> Scheduler::emit_group(const std::vector<DepthUnit>& units, int tiles) {
  const int last = static_cast<int>(units.size()) - 1;
  const network::LayerId target = units[last].target;
  const Span all{0, network_.layers[target].out.h};
  if (last_use_[target] == 0 || !place_rows(target, all, usual_reserve())) place_in_ddr(target);
  for (const DepthStep& step : depth_steps(units, tiles)) {
    const DepthUnit& unit = units[step.unit];
    if (step.unit != last && !place_rows(unit.target, step.rows, usual_reserve()))
      return fail(ExitCode::does_not_fit,
                  {"", "layer " + network_.layers[unit.kernel].name,
                   fmt::format("{} rows of a depth-wise tile do not fit in the memory tiles", step.rows.size()),
                   "more tiles (schedule.depth[].tiles) would help"});
    const network::Layer& kernel = network_.layers[unit.kernel];
    if (auto failure = emit_layer(kernel, {kernel.inputs[0], unit.target, 0, unit.fused, step.rows, true}))
      return failure;
    for (int u = 0; u < last; ++u) release_rows(units[u].target, step.keep[u]);
  }
  for (const DepthUnit& u : units)
    e_.builder.program().layers[u.kernel].mapping += fmt::format(" depth-tiles={}", tiles);
  return std::nullopt;
}

}  // namespace tessera::schedule
