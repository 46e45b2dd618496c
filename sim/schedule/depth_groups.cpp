// Runs of layers that are walked together in tiles of rows: which, in how many tiles, and whether that pays.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/cost/tuned.h"
#include "sim/schedule/depth_first.h"
#include "sim/schedule/network_pass.h"
#include "sim/schedule/placement.h"

namespace tessera::schedule {
namespace {

using Units = std::vector<Unit>;

// Whether everything between the units is read by them alone.
bool closed(const Walk& w, const Units& units) {
  const auto inside = [&](network::LayerId reader) {
    const network::LayerId into = w.draft.fused_into[reader], runs_with = into >= 0 ? into : reader;
    return std::any_of(units.begin(), units.end(), [&](const Unit& u) { return u.kernel == runs_with; });
  };
  return std::all_of(units.begin(), units.end() - 1, [&](const Unit& u) {
    const auto& readers = w.in.readers[u.target];
    return std::all_of(readers.begin(), readers.end(), inside);
  });
}

// Whether the unit's output can be expected to fit over rows of its input: half of them, as tiles and halos keep some.
bool may_stand_in_place(const Walk& w, const Unit& unit) {
  const Draft& d = w.draft;
  const network::LayerId from = d.mapping.root(unit.geometry.inputs[0]);
  const Standing& input = d.standing[from];
  if (!operator_of(unit.geometry).rows) return false;
  if (d.axis[from] != mapping::Axis::height || input.in_ddr || input.parts.empty() || !unit.same_rows.empty())
    return false;
  if (d.last_use[from] != unit.kernel || d.mapping.root(unit.target) != unit.target) return false;
  const network::Shape& out = unit.geometry.out;
  const Bytes share = ceil_div(out.h, w.in.array.memtiles()) * Bytes{out.w} * network::stored_channels(out.c);
  const mapping::Piece& piece = input.parts.front().piece;
  const Bytes row = Bytes{piece.w.size()} * network::stored_channels(w.in.layer(from).out.c);
  return share + w.in.usual_reserve() / 2 <= free_staging(w.in, d.memory) + row * piece.h.size() / 2;
}

bool input_in_ddr(const Walk& w, const Units& units) { return w.draft.of(units[0].geometry.inputs[0]).in_ddr; }

// What the units cost one after the other, spilling what does not fit.
std::optional<double> layered_cost(Walk& w, const Units& units) {
  double sum = 0;
  bool in_ddr = input_in_ddr(w, units);
  const Bytes staging = free_staging(w.in, w.draft.memory);
  for (std::size_t u = 0; u < units.size(); ++u) {
    const bool spills =
        u + 1 < units.size() && !fits(w.in, w.draft, units[u].target) && !(u == 0 && may_stand_in_place(w, units[u]));
    const auto cost = w.search.cost(w.draft, units[u], {0, units[u].geometry.out.h}, {in_ddr, spills, staging, 1});
    if (!cost) return std::nullopt;
    sum += *cost;
    in_ddr = spills;
  }
  return sum;
}

// What they cost walked in tiles; nothing where some tile fits nowhere.
std::optional<double> tiled_cost(Walk& w, const Units& units, int tiles) {
  const bool first_in_ddr = input_in_ddr(w, units);
  const mapping::Axis axis = w.draft.axis[w.draft.mapping.root(units[0].geometry.inputs[0])];
  // The rows of a tile stand in few of the memory tiles when the run's input is spread by its height.
  const int sharers = first_in_ddr || axis != mapping::Axis::height ? 1 : std::min(tiles, w.in.array.cols);
  std::map<std::pair<int, int>, double> known;  // by unit and rows
  double sum = 0;
  for (const DepthStep& s : depth_steps(units, tiles)) {
    const auto [it, added] = known.try_emplace({s.unit, s.rows.size()}, 0.0);
    if (added) {
      const bool first = s.unit == 0;
      const auto cost = w.search.cost(w.draft, units[s.unit], s.rows,
                                      {first && first_in_ddr, false, w.in.usual_reserve(), first ? sharers : 1});
      if (!cost) return std::nullopt;
      it->second = *cost;
    }
    sum += it->second;
  }
  return sum;
}

// Whether everything finds its place when the units are walked in tiles: the same finding and releasing as map_group.
bool packs(const Walk& w, const Units& units, int tiles) {
  const Draft& d = w.draft;
  Memory trial = d.memory;
  const int last = static_cast<int>(units.size()) - 1;
  const auto find = [&](network::LayerId tensor, mapping::Span rows) {
    return find_place(w.in, d.axis[tensor], trial, tensor, rows, w.in.usual_reserve());
  };
  const network::LayerId target = units[last].target;
  if (d.last_use[target] != 0 && !find(target, {0, w.in.layer(target).out.h})) return false;
  std::vector<std::vector<Standing::Part>> live(units.size());
  for (const DepthStep& step : depth_steps(units, tiles)) {
    if (step.unit != last) {
      const auto place = find(units[step.unit].target, step.rows);
      if (!place) return false;
      for (const mapping::Piece& p : place->pieces) live[step.unit].push_back({p, trial.next_owner - 1});
    }
    ++trial.computed;
    for (int u = 0; u < last; ++u) {
      const auto dead = [&](const Standing::Part& p) { return p.piece.h.hi <= step.keep[u]; };
      for (const Standing::Part& p : live[u])
        if (dead(p)) trial.tiles[p.piece.memtile].release(p.owner);
      live[u].erase(std::remove_if(live[u].begin(), live[u].end(), dead), live[u].end());
    }
  }
  return true;
}

// How many tiles walk the units best, if that is better than layer after layer: the least that fit, or up to twice as
// many where the rows of a tile then divide better among the columns.
std::optional<int> best_tiles(Walk& w, const Units& units) {
  constexpr int most_tiles = 32;
  const int height = units.back().geometry.out.h;
  const auto waste = [&](int t) { return t * round_up(ceil_div(height, t), w.in.array.cols); };
  int fewest = 0, even = 0;
  for (int t = 2; t <= std::min(most_tiles, height) && (fewest == 0 || t <= 2 * fewest); ++t) {
    if (!packs(w, units, t)) continue;
    if (fewest == 0) fewest = even = t;
    if (waste(t) < waste(even)) even = t;
  }
  if (fewest == 0) return std::nullopt;
  const std::optional<double> layered = layered_cost(w, units);
  std::optional<double> best = layered;
  if (best && input_in_ddr(w, units)) *best *= cost::tuned.worth_tiling;
  std::map<int, double> within;  // reach, by tiles
  int tiles = 1;
  for (int t : {fewest, even}) {
    const auto cost = tiled_cost(w, units, t);
    if (!cost) continue;
    within[t] = *cost;
    if (best && *cost >= *best) continue;
    best = cost;
    tiles = t;
  }
  if (layered) within[1] = *layered;
  for (const auto& [t, cost] : within)
    if (t != tiles && cost < cost::tuned.worth_a_tiled_trial * *best)
      w.search.depth_asked.push_back({units.front().kernel, units.back().target, t});
  return tiles == 1 ? std::nullopt : std::optional(tiles);
}

// What is forced to begin with a layer, or was found out to be best there.
std::optional<ForcedGroup> given_from(const Walk& w, network::LayerId first) {
  for (const ForcedGroup& spec : w.in.spec.fusion_groups)
    if (spec.first == w.in.layer(first).name) return spec;
  const auto it = w.search.depth.find(first);
  if (it == w.search.depth.end()) return std::nullopt;
  return ForcedGroup{w.in.layer(first).name, w.in.layer(it->second.last).name, it->second.tiles};
}

}  // namespace

DepthGroup depth_group(Walk& w, network::LayerId first) {
  constexpr int longest = 4;
  const Draft& d = w.draft;
  const std::optional<ForcedGroup> given = given_from(w, first);
  if (!given && (!w.in.spec.depth_first || !w.in.policy.tiles_in_depth())) return {};
  if (given && given->tiles == 1) return {};
  DepthGroup group;
  Units& units = group.units;
  for (std::size_t k = d.turn[first]; k < d.order.size(); ++k) {
    const network::Layer& l = w.in.layer(d.order[k]);
    if (!ops::is_computed(l) || !operator_of(l).rows || (operator_of(l).inputs == 2 && !(l.second == l.out))) return {};
    if (d.fused_into[l.id] >= 0) continue;
    const Unit u = unit_of(w.in, l, d.fused[l.id]);
    if (d.mapping.root(u.target) != u.target || d.last_use[u.target] == 0) return {};
    if (units.empty() && !given && fits(w.in, d, u.target)) return {};
    units.push_back(u);
    if (given) {
      if (l.name != given->last && w.in.layer(u.target).name != given->last) continue;
      group.tiles = given->tiles;
      return units.size() > 1 && closed(w, units) ? group : DepthGroup{};
    }
    if (static_cast<int>(units.size()) > longest) return {};
    if (units.size() < 2 || !closed(w, units)) continue;
    if (const auto best = best_tiles(w, units)) {
      group.tiles = *best;
      return group;
    }
  }
  return {};
}

std::optional<Failure> map_group(Walk& w, const DepthGroup& group) {
  const auto& [units, tiles] = group;
  Draft& d = w.draft;
  const int last = static_cast<int>(units.size()) - 1;
  const network::LayerId target = units[last].target;
  const mapping::Span all{0, w.in.layer(target).out.h};
  if (d.last_use[target] == 0 || !place_rows(w.in, d, target, all, w.in.usual_reserve())) place_in_ddr(d, target);
  for (const DepthStep& step : depth_steps(units, tiles)) {
    const Unit& unit = units[step.unit];
    const network::Layer& kernel = w.in.layer(unit.kernel);
    if (step.unit != last && !place_rows(w.in, d, unit.target, step.rows, w.in.usual_reserve()))
      return fail(ExitCode::does_not_fit,
                  {"", "layer " + kernel.name,
                   fmt::format("{} rows of a depth-wise tile do not fit in the memory tiles", step.rows.size()),
                   "more tiles (schedule.fusion_groups[].tiles) would help"});
    if (auto failure = map_layer(w, kernel, {kernel.inputs[0], unit.target, -1, unit.fused, step.rows, true}))
      return failure;
    for (int u = 0; u < last; ++u) release_rows(d, units[u].target, step.keep[u]);
  }
  mapping::FusionGroup fusion{{}, tiles};
  for (const Unit& u : units) fusion.layers.push_back(u.kernel);
  d.mapping.groups.push_back(std::move(fusion));
  return std::nullopt;
}

}  // namespace tessera::schedule
