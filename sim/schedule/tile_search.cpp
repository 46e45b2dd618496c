#include "sim/schedule/tile_search.h"

#include <algorithm>
#include <array>
#include <limits>

#include "sim/cost/tuned.h"
#include "sim/schedule/channel_plan.h"

namespace tessera::schedule {
namespace {

constexpr int most_input_slots = 4;

// How many tilings are remembered for further layers of the same shape, and how much worse than the best they may be.
constexpr std::size_t shortlist_length = 8;
constexpr double shortlist_margin = 1.05;

// Borders that one core's output channels cross, at most: so many tiles more.
int most_cuts(const LayerCase& c, const mapping::Partition& p) {
  int most = 0;
  for (const mapping::CorePart& part : p.parts)
    most = std::max(most, static_cast<int>(std::count_if(c.borders.begin(), c.borders.end(), [&](int border) {
                      return part.b.lo < border && border < part.b.hi;
                    })));
  return most;
}

std::vector<int> counts_up_to(int n, int limit) {
  std::vector<int> list;
  int last = 0;
  for (int size = n; size >= 1; size = size > 8 ? size * 3 / 4 : size - 1) {
    const int parts = static_cast<int>(ceil_div(n, size));
    if (parts != last && parts <= limit) list.push_back(parts);
    last = parts;
  }
  return list;
}

}  // namespace

std::optional<TileChoice> choose_tiles(const LayerCase& c, const mapping::Partition& p, const arch::ArraySpec& a,
                                       const cost::KernelLaw& law, Demand* demand, Shortlist* shortlist) {
  std::optional<TileChoice> best;
  const network::Layer& l = *c.layer;
  const Bytes limit = a.tile.memory.size - a.tile.reserved;
  if (p.parts.empty()) return best;
  const mapping::ForcedMapping forced = c.forced != nullptr ? *c.forced : mapping::ForcedMapping{};
  const mapping::Channels plan = plan_channels(c, p, a);
  const auto lower = [](Bytes& least, Bytes asked) { least = std::min(least, asked); };
  std::vector<std::pair<double, mapping::Tiling>> close;  // what comes near the best so far
  const auto enough = [&] {
    return best ? best->estimate.cycles * shortlist_margin : std::numeric_limits<double>::infinity();
  };
  const int cuts = most_cuts(c, p);
  // Weighs a tiling with its input slots, and with more up to `slots`: they change nothing but the pace of the kernels.
  const auto consider = [&](mapping::Tiling t, const mapping::Weights& w, int slots) {
    mapping::CoreBuffers b = core_buffers(c, p, t, w.largest);
    mapping::Tiling cut = t;  // what it costs: tiles are smaller than what they have room for
    cut.no += cuts;
    mapping::CoreBuffers moved = core_buffers(c, p, cut, w.largest);
    b.slots.weights = moved.slots.weights;
    b.slots.output = moved.slots.output;
    if (demand != nullptr) lower(demand->core, b.total());
    if (b.total() > limit || std::max({b.input, b.weights, b.operand, b.output}) > a.tile.dma.max_length) return;
    if (!padding_fits(c, p, t, a)) return;
    const Bytes staged = staging_bytes(c.in_ddr, p, t, b, a);
    if (demand != nullptr) lower(demand->staging, staged);
    if (staged > c.staging) return;
    const double exposed = cost::tuned::exposed_per_step * cut.steps();
    cost::Walk walk{p, cut, moved, w, plan};
    const cost::Movement m = movement_of(c, walk, a, enough() - exposed);
    if (m.cycles >= enough() - exposed) return;
    for (const std::int64_t pace = w.paced(t.input_slots); t.input_slots <= slots; ++t.input_slots) {
      if (b.slots.input > 1) b.slots.input = walk.buffers.slots.input = walk.tiling.input_slots = t.input_slots;
      if (b.total() > limit) return;
      const cost::Estimate e = estimate_with(c, walk, m, a, law);
      if (e.cycles < enough() && (!c.admits || c.admits(p, t))) {
        if (!best || e.cycles < best->estimate.cycles) best = TileChoice{t, b, e};
        if (shortlist != nullptr) close.emplace_back(e.cycles, t);
      }
      if (w.paced(slots) == pace || loads_of(l, t).input <= t.input_slots) return;
    }
  };
  if (shortlist != nullptr && !shortlist->empty()) {
    for (const mapping::Tiling& t : *shortlist) consider(t, weights_of(c, p, t), t.input_slots);
    if (best) return best;
  }
  const int in_blocks = network::stored_channels(l.in.c) / 8;
  const std::vector<int> chunks = mapping::channelwise(l) ? std::vector<int>{1} : counts_up_to(in_blocks, in_blocks);
  const std::vector<int> heights = counts_up_to(p.max_h, p.max_h), widths = counts_up_to(p.max_w, p.max_w);
  // What no tiling of this partition can undercut: a step for every chunk, on top of the busiest core's blocks.
  const double work = p.weights.empty() ? 0 : paced_cycles(c, p, a, law);
  for (int no : counts_up_to(p.max_b, p.max_b))
    for (int ni : chunks) {
      mapping::Tiling t;
      t.no = no;
      t.ni = ni;
      const auto too_many = [&](int spatial) {
        const double steps = static_cast<double>(no) * ni * spatial;
        return work + (cost::tuned::call_overhead + cost::tuned::exposed_per_step) * steps >= enough();
      };
      if (too_many(1)) break;
      const mapping::Weights w = weights_of(c, p, t);
      if (w.largest > limit) {
        t.nh = heights.back();
        t.nw = widths.back();
        if (demand != nullptr) lower(demand->core, core_buffers(c, p, t, w.largest).total());
        continue;
      }
      for (int nh : heights)
        for (int nw : widths) {
          t.nh = nh;
          t.nw = nw;
          if (too_many(nh * nw)) break;
          for (bool weights_outer : {false, true}) {
            t.weights_outer = weights_outer;
            if (forced.weights_outer.value_or(weights_outer) != weights_outer) continue;
            if (t.weights_outer && (mapping::channelwise(l) || (no == 1 && !forced.weights_outer))) continue;
            if (c.in_place && (t.weights_outer || nh == 1)) continue;
            for (bool chunks_staged : {false, true}) {
              t.chunks_staged = chunks_staged;
              if (forced.chunks_staged.value_or(chunks_staged) != chunks_staged) continue;
              if (chunks_staged && !(c.in_ddr.input && ni > 1)) continue;
              consider(t, w, most_input_slots);
            }
          }
        }
    }
  if (shortlist != nullptr && best) {
    std::stable_sort(close.begin(), close.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
    shortlist->clear();
    for (const auto& [cycles, t] : close)
      if (shortlist->size() < shortlist_length) shortlist->push_back(t);
  }
  return best;
}

}  // namespace tessera::schedule
