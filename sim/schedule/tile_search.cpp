#include "sim/schedule/tile_search.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "sim/cost/tuned.h"
#include "sim/schedule/channel_plan.h"

namespace tessera::schedule {
namespace {

constexpr int most_input_slots = 4;
constexpr int least_beside_aside = 3;  // slots of the input: with fewer the two channels wait for each other

// Borders that one core's output channels cross, at most: so many tiles more.
int most_cuts(const LayerCase& c, const mapping::Partition& p) {
  int most = 0;
  for (const mapping::CorePart& part : p.parts)
    most = std::max(most, static_cast<int>(std::count_if(c.borders.begin(), c.borders.end(), [&](int border) {
                      return part.b.lo < border && border < part.b.hi;
                    })));
  return most;
}

std::vector<int> counts_up_to(int n) {
  std::vector<int> list;
  int last = 0;
  for (int size = n; size >= 1; size = size > 8 ? size * 3 / 4 : size - 1) {
    const int parts = static_cast<int>(ceil_div(n, size));
    if (parts != last) list.push_back(parts);
    last = parts;
  }
  return list;
}

// The same for a layer: a product's tiles also in all numbers that divide them evenly, as equal tiles are loops of
// descriptors and its sums may be taken in many chunks.
std::vector<int> counts_for(const network::Layer& l, int n) {
  std::vector<int> list = counts_up_to(n);
  if (!is_product(l)) return list;
  for (int parts = 2; parts <= n; ++parts)
    if (n % parts == 0) list.push_back(parts);
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

// Goes through the tilings and keeps the cheapest; most are dropped before everything about them is known.
class TileSearch {
 public:
  TileSearch(const LayerCase& c, const mapping::Partition& p, const arch::ArraySpec& a,
             const cost::LatencyModel& latency_model, const Reach& reach)
      : c_(c),
        p_(p),
        a_(a),
        latency_model_(latency_model),
        reach_(reach.ratio),
        cuts_apart_(reach.cuts_apart),
        below_(reach.below),
        guess_(reach.guess),
        evens_(reach.evens),
        l_(*c.layer),
        limit_(a.tile.memory.size - a.tile.reserved),
        plan_(plan_channels(c, p, a)),
        cuts_(most_cuts(c, p)),
        // What no tiling of this partition can undercut: a step for every chunk, on top of the busiest core's blocks.
        work_(p.weights.empty() ? 0 : paced_cycles(c, p, a, latency_model)) {
    if (c.forced != nullptr) forced_ = *c.forced;
  }

  FoundTiles run() {
    if (guess_ != nullptr) {
      mapping::Tiling t = *guess_;
      t.input_slots = mapping::Tiling{}.input_slots;
      t.inbound = {};
      if (const mapping::Weights w = weights_of(c_, p_, t); w.largest <= limit_) consider(t, shapes_of(t), w);
    }
    const int blocks = summed_channels(l_) / 8;
    const std::vector<int> chunks = blocks == 0 ? std::vector<int>{1} : counts_for(l_, blocks);
    for (int no : operator_of(l_).splits_channels ? counts_for(l_, p_.max_b) : std::vector<int>{1}) {
      known_shapes_.assign(heights_.size() * widths_.size(), 0);
      for (int ni : chunks) {
        if (too_many(no * ni)) break;
        mapping::Tiling t;
        t.no = no;
        t.ni = ni;
        spaces(t);
      }
    }
    for (const std::optional<TileChoice>& order : orders_)
      if (order && order->estimate.cycles <= enough()) found_.orders.push_back(*order);
    return std::move(found_);
  }

 private:
  // What is of no interest any more: of all tilings, and of those of one order.
  double enough() const { return found_.tiles ? found_.tiles->estimate.cycles * reach_ : below_; }
  double enough(const std::optional<TileChoice>& order) const {
    return order ? std::min(enough(), order->estimate.cycles) : enough();
  }
  bool too_many(double steps) const {
    return work_ + (cost::tuned.call_overhead + cost::tuned.exposed_per_step) * steps >= enough();
  }
  static void lower(Bytes& least, Bytes asked) { least = std::min(least, asked); }

  // Tilings that a simulation may rank otherwise than the estimate.
  std::size_t kind_of(const mapping::Tiling& t) const {
    const bool pixels = cuts_apart_ && t.nh * t.nw > 1, channels = cuts_apart_ && t.no > 1;
    const int chunks = cuts_apart_ ? kind_of_chunks(t) : 0;
    return static_cast<std::size_t>(chunks * 32 + !t.inbound.usual() * 16 + t.weights_stationary * 8 +
                                    t.chunks_staged * 4 + pixels * 2 + channels);
  }

  // With these tiles of channels, all spatial ones.
  void spaces(mapping::Tiling t) {
    const mapping::Weights w = weights_of(c_, p_, t);
    if (w.largest > limit_) {
      t.nh = heights_.back();
      t.nw = widths_.back();
      lower(found_.demand.core, core_buffers(c_, p_, t, w.largest).total());
      return;
    }
    for (std::size_t h = 0; h < heights_.size(); ++h)
      for (std::size_t v = 0; v < widths_.size(); ++v) {
        t.nh = heights_[h];
        t.nw = widths_[v];
        if (too_many(t.steps())) break;
        if (t.ni > 1 && is_product(l_) && !may_chunk(l_, p_, t)) continue;
        const std::size_t at = h * widths_.size() + v;
        if (known_shapes_[at] == 0) shapes_[at] = shapes_of(t);
        known_shapes_[at] = 1;
        orders(t, {shapes_[at].room.in_chunks(t.ni), shapes_[at].cost.in_chunks(t.ni)}, w);
      }
  }

  // The largest tile: what a core has room for, and what it costs, which is smaller where borders are in between.
  struct Shapes {
    mapping::TileShape room, cost;
  };
  mapping::Tiling cut(mapping::Tiling t) const {
    t.no += cuts_;
    return t;
  }
  Shapes shapes_of(const mapping::Tiling& t) const {
    const mapping::TileShape room = tile_shape(l_, p_, t);
    return {room, cuts_ == 0 ? room : tile_shape(l_, p_, cut(t))};
  }

  // In both orders, and in both ways to stage an input in DDR, as far as they are different and not forced.
  void orders(mapping::Tiling t, const Shapes& shapes, const mapping::Weights& w) {
    for (bool weights_stationary : {false, true}) {
      t.weights_stationary = weights_stationary;
      if (forced_.weights_stationary.value_or(weights_stationary) != weights_stationary) continue;
      const bool again = sums_channels(l_) || (is_product(l_) && t.ni == 1);  // weights or second factors are used
      if (weights_stationary && (!again || (t.no == 1 && !forced_.weights_stationary))) continue;
      if (c_.in_place && (weights_stationary || t.nh == 1)) continue;
      for (bool chunks_staged : {false, true}) {
        t.chunks_staged = chunks_staged;
        if (forced_.chunks_staged.value_or(chunks_staged) != chunks_staged) continue;
        if (!chunks_staged || (c_.in_ddr.input && t.ni > 1)) consider(t, shapes, w);
      }
    }
  }

  // Weighs a tiling with the usual inbound channels, and with others that even them out. What costs less than is known
  // to be possible in the usual way is not usual.
  void consider(mapping::Tiling t, const Shapes& shapes, const mapping::Weights& w) {
    const bool usual_known = evens_ && below_ < std::numeric_limits<double>::infinity();
    if (!usual_known) weigh(t, shapes, w);
    if (!evens_) return;
    const mapping::CoreBuffers moved = core_buffers(c_, shapes.cost, cut(t), w.largest);
    if (moved.total() > limit_) return;
    const cost::Walk walk{p_, cut(t), moved, w, plan_, shapes.cost};
    const double hopeless = 2 * enough();  // at best two channels carry what one did
    const cost::Movement m = movement_of(c_, walk, a_, hopeless);
    const std::optional<mapping::Inbound> even = m.cycles < hopeless ? even_inbound(c_, walk, m, a_) : std::nullopt;
    if (!even) return;
    t.inbound = *even;
    weigh(t, shapes, w);
  }

  // With the fewest input slots, and with more: they change nothing but the pace of the kernels.
  void weigh(mapping::Tiling t, const Shapes& shapes, const mapping::Weights& w) {
    if (t.inbound.aside > 0) t.input_slots = least_beside_aside;
    mapping::CoreBuffers b = core_buffers(c_, shapes.room, t, w.largest);
    const mapping::CoreBuffers moved = cuts_ == 0 ? b : core_buffers(c_, shapes.cost, cut(t), w.largest);
    b.slots.weights = moved.slots.weights;
    b.slots.output = moved.slots.output;
    lower(found_.demand.core, b.total());
    if (b.total() > limit_ || std::max({b.input, b.weights, b.operand, b.output}) > a_.tile.dma.max_length) return;
    if (!padding_fits(c_, shapes.room, a_)) return;
    const Bytes staged = staging_bytes(c_.in_ddr, p_, t, b, a_);
    lower(found_.demand.staging, staged);
    if (staged > c_.staging) return;
    cost::Walk walk{p_, cut(t), moved, w, plan_, shapes.cost};
    const double exposed = cost::tuned.exposed_per_step * walk.tiling.steps();
    std::optional<TileChoice>& order = orders_[kind_of(t)];
    const double limit = enough(order) - exposed;
    const cost::Movement m = movement_of(c_, walk, a_, limit);
    if (m.cycles >= limit) return;
    for (const std::int64_t pace = w.paced(t.input_slots); t.input_slots <= most_input_slots; ++t.input_slots) {
      if (b.slots.input > 1) b.slots.input = walk.buffers.slots.input = walk.tiling.input_slots = t.input_slots;
      if (b.total() > limit_) return;
      const cost::Estimate e = estimate_with(c_, walk, m, a_, latency_model_, enough(order));
      if (e.cycles < enough(order) && (!c_.admits || c_.admits(p_, t))) {
        order = TileChoice{t, b, e};
        if (!found_.tiles || e.cycles < found_.tiles->estimate.cycles) found_.tiles = order;
      }
      if (w.paced(most_input_slots) == pace || loads_of(l_, t).input <= t.input_slots) return;
    }
  }

  const LayerCase& c_;
  const mapping::Partition& p_;
  const arch::ArraySpec& a_;
  const cost::LatencyModel& latency_model_;
  const double reach_;
  const bool cuts_apart_;
  const double below_;
  const mapping::Tiling* guess_;
  const bool evens_;
  const network::Layer& l_;
  const Bytes limit_;
  const mapping::Channels plan_;
  const int cuts_;
  const double work_;
  const std::vector<int> heights_ = counts_for(l_, p_.max_h), widths_ = counts_up_to(p_.max_w);
  // Of the tiles of output channels at hand, by numbers of tiles along height and width: only their chunks differ.
  std::vector<Shapes> shapes_ = std::vector<Shapes>(heights_.size() * widths_.size());
  std::vector<char> known_shapes_;
  mapping::ForcedMapping forced_;
  // By kind.
  std::vector<std::optional<TileChoice>> orders_ =
      std::vector<std::optional<TileChoice>>(cuts_apart_ ? 32 * kinds_of_chunks : 32);
  FoundTiles found_;
};

}  // namespace

FoundTiles choose_tiles(const LayerCase& c, const mapping::Partition& p, const arch::ArraySpec& array,
                        const cost::LatencyModel& latency_model, const Reach& reach) {
  if (p.parts.empty()) return {};
  return TileSearch(c, p, array, latency_model, reach).run();
}

}  // namespace tessera::schedule
