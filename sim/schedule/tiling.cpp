#include "sim/schedule/tiling.h"

#include <algorithm>
#include <array>
#include <limits>

#include "sim/schedule/tiling_cost.h"

namespace tessera::schedule {
namespace {

constexpr int most_input_slots = 4;

// How many tilings are remembered for further layers of the same shape, and how much worse than the best they may be.
constexpr std::size_t shortlist_length = 8;
constexpr double shortlist_margin = 1.05;

// Borders that one core's output channels cross, at most: so many tiles more.
int most_cuts(const LayerContext& c, const Partition& p) {
  int most = 0;
  for (const CorePart& part : p.parts)
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

std::vector<Tiling> tilings_of_tile(const LayerContext& c, const Partition& p, const std::array<int, 4>& tile) {
  Tiling t;
  t.nh = static_cast<int>(ceil_div(p.max_h, std::min(tile[0], p.max_h)));
  t.nw = static_cast<int>(ceil_div(p.max_w, std::min(tile[1], p.max_w)));
  const int ob = static_cast<int>(ceil_div(tile[2], 8)), ib = static_cast<int>(ceil_div(tile[3], 8));
  t.no = static_cast<int>(ceil_div(p.max_b, std::min(ob, p.max_b)));
  const int in_blocks = network::stored_channels(c.layer->in.c) / 8;
  t.ni = channelwise(*c.layer) ? 1 : static_cast<int>(ceil_div(in_blocks, std::min(ib, in_blocks)));
  std::vector<Tiling> list{t};
  if (c.input_in_ddr && t.ni > 1) {
    t.chunks_staged = true;
    list.push_back(t);
  }
  return list;
}

std::optional<TilingChoice> choose_tiling(const LayerContext& c, const Partition& p, const arch::ArraySpec& a,
                                          const cost::KernelLaw& law, Demand* demand, Shortlist* shortlist) {
  std::optional<TilingChoice> best;
  const network::Layer& l = *c.layer;
  const Bytes limit = a.tile.memory.size - a.tile.reserved;
  if (p.parts.empty()) return best;
  const ChannelPlan plan = plan_channels(c, p, a);
  const auto lower = [](Bytes& least, Bytes asked) { least = std::min(least, asked); };
  std::vector<std::pair<double, Tiling>> close;  // what comes near the best so far
  const auto enough = [&] {
    return best ? best->estimate.cycles * shortlist_margin : std::numeric_limits<double>::infinity();
  };
  const int cuts = most_cuts(c, p);
  // Weighs a tiling with its input slots, and with more up to `slots`: they change nothing but the pace of the kernels.
  const auto consider = [&](Tiling t, const Weights& w, int slots) {
    CoreBuffers b = buffers_with(c, p, t, w.largest);
    Tiling cut = t;  // what it costs: tiles are smaller than what they have room for
    cut.no += cuts;
    CoreBuffers moved = buffers_with(c, p, cut, w.largest);
    b.weights_slots = moved.weights_slots;
    b.output_slots = moved.output_slots;
    if (demand != nullptr) lower(demand->core, b.total());
    if (b.total() > limit || std::max({b.input, b.weights, b.operand, b.output}) > a.tile.dma.max_length) return;
    if (!padding_fits(c, p, t, a)) return;
    const Bytes staged = staging_bytes(c, p, t, b, a);
    if (demand != nullptr) lower(demand->staging, staged);
    if (staged > c.staging) return;
    const double exposed = exposed_per_step * cut.steps();
    const Movement m = movement_of(c, p, cut, moved, w, plan, a, enough() - exposed);
    if (m.cycles >= enough() - exposed) return;
    for (const std::int64_t pace = w.paced(t.input_slots); t.input_slots <= slots; ++t.input_slots) {
      if (b.input_slots > 1) b.input_slots = moved.input_slots = cut.input_slots = t.input_slots;
      if (b.total() > limit) return;
      const Estimate e = estimate_with(c, p, cut, moved, w, plan, m, a, law);
      if (e.cycles < enough() && (!c.admits || c.admits(p, t))) {
        if (!best || e.cycles < best->estimate.cycles) best = TilingChoice{t, b, e};
        if (shortlist != nullptr) close.emplace_back(e.cycles, t);
      }
      if (w.paced(slots) == pace || loads_of(l, t).input <= t.input_slots) return;
    }
  };
  if (shortlist != nullptr && !shortlist->empty()) {
    for (const Tiling& t : *shortlist) consider(t, weights_of(c, p, t), t.input_slots);
    if (best) return best;
  }
  const int in_blocks = network::stored_channels(l.in.c) / 8;
  const std::vector<int> chunks = channelwise(l) ? std::vector<int>{1} : counts_up_to(in_blocks, in_blocks);
  const std::vector<int> heights = counts_up_to(p.max_h, p.max_h), widths = counts_up_to(p.max_w, p.max_w);
  // What no tiling of this partition can undercut: a step for every chunk, on top of the busiest core's blocks.
  const double work = p.weights.empty() ? 0 : paced_cycles(c, p, a, law);
  for (int no : counts_up_to(p.max_b, p.max_b))
    for (int ni : chunks) {
      Tiling t;
      t.no = no;
      t.ni = ni;
      const auto too_many = [&](int spatial) {
        const double steps = static_cast<double>(no) * ni * spatial;
        return work + (call_overhead + exposed_per_step) * steps >= enough();
      };
      if (too_many(1)) break;
      const Weights w = weights_of(c, p, t);
      if (w.largest > limit) {
        t.nh = heights.back();
        t.nw = widths.back();
        if (demand != nullptr) lower(demand->core, buffers_with(c, p, t, w.largest).total());
        continue;
      }
      for (int nh : heights)
        for (int nw : widths) {
          t.nh = nh;
          t.nw = nw;
          if (too_many(nh * nw)) break;
          for (bool weights_outer : {false, true}) {
            t.weights_outer = weights_outer;
            if (t.weights_outer && (channelwise(l) || no == 1)) continue;
            if (c.rolling && (t.weights_outer || nh == 1)) continue;
            for (bool chunks_staged : {false, true}) {
              t.chunks_staged = chunks_staged;
              if (chunks_staged && !(c.input_in_ddr && ni > 1)) continue;
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
