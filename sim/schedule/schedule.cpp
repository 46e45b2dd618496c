#include "sim/schedule/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "sim/schedule/channel_order.h"
#include "sim/schedule/depth_tiling.h"
#include "sim/schedule/layer_emitter.h"
#include "sim/schedule/policy.h"
#include "sim/schedule/rolling.h"

namespace tessera {
namespace {

// The driver: walks the layers in order, gives every tensor a home, lets the policy's cheapest mapping and tiling win,
// and has it emitted.
class Scheduler {
 public:
  Scheduler(const Network& network, const std::vector<std::optional<BlockMask>>& masks, const ArraySpec& array,
            const KernelLaw& law, const ScheduleSpec& spec, const Policy& policy)
      : network_(network),
        masks_(masks),
        array_(array),
        law_(law),
        spec_(spec),
        policy_(policy),
        e_(network, array),
        fused_(network.layers.size(), -1),
        fused_into_(network.layers.size(), -1),
        last_use_(network.layers.size(), 0),
        turn_(network.layers.size(), 0) {}

  Expected<Schedule> run();

 private:
  void plan_views();
  void plan_order();
  Bytes most_live(const std::vector<LayerId>& order) const;
  LayerId later(LayerId a, LayerId b) const { return turn_[a] < turn_[b] ? b : a; }
  void plan_fusion();
  void plan_lifetimes();
  void describe_layers();
  void place(LayerId root, bool in_ddr, Bytes reserve);
  bool place_over(LayerId root, LayerId operand, int reader);
  void place_in_ddr(LayerId root);
  // What emit_layer computes of a layer.
  struct Part {
    LayerId input = 0, target = 0;
    int target_c0 = 0;    // first channel within the target
    int fused = -1;       // add or pool computed with it
    Span rows;            // output rows; those of the fused pool if there is one
    bool placed = false;  // the target's home stands already
  };
  struct Choice {
    Partition partition;
    TilingChoice tiling;
  };
  Shortlist& shortlist(const LayerContext& c, const Mapping& m, Span rows) const;
  std::optional<Choice> weigh_mappings(const LayerContext& c, Span rows, Demand& least);
  std::optional<Choice> roll(LayerContext c, LayerId input, LayerId root, Bytes reserve,
                             std::vector<LayerPlan::Later>* later);
  std::optional<Failure> emit_layer(const Layer& kernel, const Part& part);
  DepthUnit unit_of(const Layer& kernel) const;
  std::optional<double> unit_cost(const DepthUnit& u, Span rows, bool input_in_ddr, bool output_in_ddr, Bytes staging,
                                  int sharers) const;
  bool may_roll(const DepthUnit& unit) const;
  std::optional<double> layered_cost(const std::vector<DepthUnit>& units) const;
  std::optional<double> tiled_cost(const std::vector<DepthUnit>& units, int tiles) const;
  std::optional<int> best_tiles(const std::vector<DepthUnit>& units) const;
  void weigh_pool(const Layer& conv);
  bool closed(const std::vector<DepthUnit>& units) const;
  std::vector<DepthUnit> depth_group(LayerId first, int* tiles) const;
  std::optional<Failure> emit_group(const std::vector<DepthUnit>& units, int tiles);
  bool fits(LayerId root, Bytes beside) const;
  std::optional<std::vector<Piece>> find_rows(std::vector<TileAllocator>& allocators, LayerId root, Span rows,
                                              Bytes reserve, int owner, bool high) const;
  bool place_rows(LayerId root, Span rows, Bytes reserve);
  bool packs(const std::vector<DepthUnit>& units, int tiles) const;
  bool placed_by_rows(LayerId tensor);
  void release_rows(LayerId root, int below);
  void release_read_by(LayerId reader);
  std::optional<Failure> emit_concat(const Layer& layer);
  Bytes free_staging() const;
  // What a tensor leaves of each memory tile for weights and staging, unless the layer needs less.
  Bytes usual_reserve() const { return array_.memtile.memory.size / 8; }
  void record_pieces(LayerId root, std::size_t from);
  void forget_pieces(LayerId root);

  const Network& network_;
  const std::vector<std::optional<BlockMask>>& masks_;
  const ArraySpec& array_;
  const KernelLaw& law_;
  const ScheduleSpec& spec_;
  const Policy& policy_;
  Emission e_;
  std::vector<int> fused_;       // per conv: the add or pool computed with it, or -1
  std::vector<int> fused_into_;  // per add or pool: the conv that computes it, or -1
  std::vector<int> last_use_;    // per root: the last layer that reads it; 0 for an output of the network
  std::vector<LayerId> order_;   // in which layers are emitted
  std::vector<int> turn_;        // per layer: its place in that order
  std::vector<LayerReport> reports_;
  double estimate_ = 0;
  int next_owner_ = 0;
  mutable std::map<std::array<int, 25>, Shortlist> shortlists_;
  std::map<std::pair<LayerId, int>, Choice> depth_choices_;  // by layer and rows
};

// Parts of a concatenation are written straight into it, unless somebody else already claimed them.
void Scheduler::plan_views() {
  const auto n = static_cast<LayerId>(network_.layers.size());
  for (LayerId i = 0; i < n; ++i) e_.views[i] = {i, 0};
  for (LayerId i = n - 1; i >= 0; --i) {
    const Layer& l = network_.layers[i];
    if (l.op != Op::concat) continue;
    int c0 = 0;
    for (LayerId part : l.inputs) {
      const Layer& producer = network_.layers[part];
      const bool free = e_.views[part].root == part && producer.op != Op::input &&
                        std::count(l.inputs.begin(), l.inputs.end(), part) == 1;
      if (free) e_.views[part] = {e_.views[i].root, e_.views[i].c0 + c0};
      c0 += stored_channels(producer.out.c);
    }
  }
}

// Bytes of the tensors that live at one time, at most. Parts of a concatenation count by themselves.
Bytes Scheduler::most_live(const std::vector<LayerId>& order) const {
  std::vector<int> reads(network_.layers.size(), 0);
  for (const Layer& l : network_.layers)
    for (LayerId i : l.inputs) ++reads[i];
  const auto bytes = [&](LayerId i) {
    const Layer& l = network_.layers[i];
    return l.op == Op::input || l.op == Op::concat ? 0 : Bytes{l.out.h} * l.out.w * stored_channels(l.out.c);
  };
  Bytes now = 0, most = 0;
  const std::function<void(LayerId)> release = [&](LayerId i) {
    if (--reads[i] > 0) return;
    now -= bytes(i);
    if (network_.layers[i].op == Op::concat)  // its parts lived as long as it did
      for (LayerId part : network_.layers[i].inputs) release(part);
  };
  for (LayerId i : order) {
    now += bytes(i);
    most = std::max(most, now);
    if (network_.layers[i].op != Op::concat)
      for (LayerId input : network_.layers[i].inputs) release(input);
  }
  return most;
}

// The network's order, or one in which layers of parallel branches alternate: a layer that does not read what the one
// before it leaves is fed while that one still computes. Not where more tensors than now would fill the memory tiles.
void Scheduler::plan_order() {
  const auto n = static_cast<LayerId>(network_.layers.size());
  order_.resize(n);
  std::iota(order_.begin(), order_.end(), 0);
  if (policy_.alternates() && spec_.depth.empty()) {
    std::vector<LayerId> list;
    std::vector<bool> done(n, false);
    LayerId before = -1;
    while (static_cast<LayerId>(list.size()) < n) {
      LayerId next = -1;
      for (LayerId i = list.empty() ? 0 : 1; i < n; ++i) {
        const auto& inputs = network_.layers[i].inputs;
        if (done[i] || !std::all_of(inputs.begin(), inputs.end(), [&](LayerId k) { return done[k]; })) continue;
        const bool follows = std::find(inputs.begin(), inputs.end(), before) != inputs.end();
        if (next < 0 || !follows) next = i;
        if (!follows) break;
      }
      done[next] = true;
      list.push_back(next);
      if (network_.layers[next].op != Op::concat) before = next;
    }
    const Bytes capacity = array_.memtiles() * array_.memtile.memory.size;
    if (most_live(list) <= std::max(most_live(order_), capacity / 2)) order_ = std::move(list);
  }
  for (LayerId k = 0; k < n; ++k) turn_[order_[k]] = k;
}

void Scheduler::plan_fusion() {
  if (!policy_.fuses()) return;
  std::vector<int> uses(network_.layers.size(), 0);
  for (const Layer& l : network_.layers)
    for (LayerId i : l.inputs) ++uses[i];
  for (const Layer& pool : network_.layers) {
    // A pool whose windows tile the map needs nothing from beyond its own tile.
    const Window& k = pool.window;
    if (pool.op != Op::maxpool || k.kh != k.sh || k.kw != k.sw) continue;
    if (k.pad_top + k.pad_left + k.pad_bottom + k.pad_right > 0) continue;
    if (pool.in.h != pool.out.h * k.sh || pool.in.w != pool.out.w * k.sw) continue;
    const Layer& conv = network_.layers[pool.inputs[0]];
    if (conv.op != Op::conv2d || uses[conv.id] != 1 || e_.views[conv.id].root != conv.id) continue;
    fused_[conv.id] = pool.id;
    fused_into_[pool.id] = conv.id;
  }
  for (const Layer& add : network_.layers) {
    if (add.op != Op::add) continue;
    const LayerId last = later(add.inputs[0], add.inputs[1]);
    const Layer& conv = network_.layers[last];
    // Nothing may stand between the two that the add's early execution could overtake.
    if (conv.op != Op::conv2d || uses[last] != 1 || add.inputs[0] == add.inputs[1]) continue;
    if (e_.views[last].root != last || fused_[last] >= 0) continue;
    fused_[last] = add.id;
    fused_into_[add.id] = last;
  }
}

void Scheduler::plan_lifetimes() {
  std::fill(last_use_.begin(), last_use_.end(), 0);
  std::vector<bool> read(network_.layers.size(), false);
  for (const Layer& l : network_.layers)
    for (LayerId i : l.inputs) {
      const LayerId reader = fused_into_[l.id] >= 0 ? later(i, fused_into_[l.id]) : l.id;
      int& last = last_use_[e_.views[i].root];
      last = later(last, reader);
      read[i] = true;
    }
  // What nobody reads is an output and stays to the end, with all that shares its place.
  for (const Layer& l : network_.layers)
    if (!read[l.id]) last_use_[e_.views[l.id].root] = 0;
}

void Scheduler::describe_layers() {
  Program& p = e_.builder.program();
  p.network = network_.name;
  std::vector<KernelMask> logical(network_.layers.size());
  for (const Layer& l : network_.layers)
    if (l.op == Op::conv2d)
      logical[l.id] = kernel_mask(masks_[l.id] ? *masks_[l.id] : BlockMask::all_ones(l.out.c, l.in.c));
  std::vector<std::vector<int>> orders(network_.layers.size());
  if (spec_.balance && policy_.balances()) orders = balanced_channel_orders(network_, logical, array_);
  for (const Layer& l : network_.layers) {
    ProgramLayer pl;
    pl.layer = l;
    pl.block_order = orders[l.id];
    LayerReport report;
    if (l.op == Op::conv2d) {
      pl.mask = static_cast<int>(p.masks.size());
      p.masks.push_back(stored_mask(logical[l.id], orders[l.id], orders[l.inputs[0]]));
      report.imbalance_rows_unassigned = imbalance(logical[l.id], array_.rows);
      report.imbalance_rows = imbalance(p.masks.back(), array_.rows);
    }
    reports_.push_back(std::move(report));
    p.layers.push_back(std::move(pl));
  }
}

void Scheduler::place_in_ddr(LayerId root) {
  const Layer& l = network_.layers[root];
  Home home;
  home.in_ddr = true;
  home.channels = stored_channels(l.out.c);
  Piece piece;
  piece.h = {0, l.out.h};
  piece.w = {0, l.out.w};
  piece.pixel_step = home.channels;
  piece.buffer = std::make_shared<Buffer>();
  piece.buffer->address = e_.take_ddr(Bytes{l.out.h} * l.out.w * home.channels);
  home.pieces.push_back(std::move(piece));
  e_.homes[root] = std::move(home);
  record_pieces(root, 0);
}

// Places for rows of the tensor, spread over the memory tiles, if every one of them keeps `reserve` in one gap;
// nothing, and `allocators` unchanged, otherwise.
std::optional<std::vector<Piece>> Scheduler::find_rows(std::vector<TileAllocator>& allocators, LayerId root, Span rows,
                                                       Bytes reserve, int owner, bool high) const {
  const Layer& l = network_.layers[root];
  std::vector<Piece> pieces;
  for (int m = 0; m < array_.memtiles(); ++m) {
    Piece piece;
    piece.memtile = m;
    piece.owner = owner;
    piece.h = rows;
    piece.w = {0, l.out.w};
    Span& band = policy_.bands() == Axis::height ? piece.h : piece.w;
    band = split(band, array_.memtiles(), m);
    if (band.empty()) continue;
    piece.pixel_step = stored_channels(l.out.c);
    const Bytes bytes = piece.row_step() * piece.h.size();
    const auto at = allocators[m].find(round_up(bytes, 32), high);
    if (at) allocators[m].take(*at, bytes, owner);
    if (!at || allocators[m].largest_gap().size() < reserve) {
      for (auto& a : allocators) a.release(owner);
      return std::nullopt;
    }
    piece.buffer = std::make_shared<Buffer>();
    piece.buffer->address = *at;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

bool Scheduler::place_rows(LayerId root, Span rows, Bytes reserve) {
  auto pieces = find_rows(e_.allocators, root, rows, reserve, next_owner_++, e_.emitted_layers % 2 == 1);
  if (!pieces) return false;
  Home& home = e_.homes[root];
  home.channels = stored_channels(network_.layers[root].out.c);
  for (Piece& p : *pieces) {
    p.buffer = e_.memory[e_.map().memory_tile(p.memtile)].claim(
        p.buffer->address, p.buffer->address + round_up(p.row_step() * p.h.size(), 32));
    home.pieces.push_back(std::move(p));
  }
  record_pieces(root, home.pieces.size() - pieces->size());
  return true;
}

// Ends the life of the rows of `root` below row `below`.
void Scheduler::release_rows(LayerId root, int below) {
  auto& pieces = e_.homes[root].pieces;
  for (const Piece& p : pieces)
    if (p.memtile >= 0 && p.h.hi <= below) e_.allocators[p.memtile].release(p.owner);
  pieces.erase(
      std::remove_if(pieces.begin(), pieces.end(), [&](const Piece& p) { return p.memtile >= 0 && p.h.hi <= below; }),
      pieces.end());
}

void Scheduler::place(LayerId root, bool in_ddr, Bytes reserve) {
  if (!e_.homes[root].pieces.empty()) return;
  if (in_ddr || !place_rows(root, {0, network_.layers[root].out.h}, reserve)) place_in_ddr(root);
}

// Whether the tensor stands in pieces of one depth-wise tile after the other.
bool Scheduler::placed_by_rows(LayerId tensor) {
  const auto& pieces = e_.home(tensor).pieces;
  return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& p) { return p.owner != pieces.front().owner; }) ||
         (!pieces.empty() && pieces.back().h.hi < network_.layers[e_.views[tensor].root].out.h);
}

bool Scheduler::fits(LayerId root, Bytes beside) const {
  const Layer& l = network_.layers[root];
  const Bytes row = Bytes{l.out.w} * stored_channels(l.out.c);
  const Bytes bytes = ceil_div(l.out.h, array_.memtiles()) * row + beside;
  return bytes + usual_reserve() <= free_staging();
}

// A sum may overwrite the operand that nobody reads afterwards: every element is read before its sum is written.
bool Scheduler::place_over(LayerId root, LayerId operand, int reader) {
  Home& old = e_.homes[operand];
  if (e_.views[operand].root != operand || last_use_[operand] != reader || old.in_ddr || last_use_[root] == 0)
    return false;
  if (!e_.homes[root].pieces.empty() || !(network_.layers[root].out == network_.layers[operand].out)) return false;
  Home home = old;
  for (Piece& p : home.pieces) {
    const std::int64_t lo = p.buffer->address;
    p.buffer = e_.memory[e_.map().memory_tile(p.memtile)].claim(lo, lo + round_up(p.row_step() * p.h.size(), 32));
    p.writers.clear();
    e_.allocators[p.memtile].rename(p.owner, next_owner_);
    p.owner = next_owner_;
  }
  ++next_owner_;
  e_.homes[root] = std::move(home);
  record_pieces(root, 0);
  return true;
}

Bytes Scheduler::free_staging() const {
  Bytes least = array_.memtile.memory.size;
  for (const auto& a : e_.allocators) least = std::min(least, a.largest_gap().size());
  return least;
}

std::string tiling_text(const Layer& layer, const Partition& p, const Tiling& t) {
  return fmt::format("tile={}x{}x{}/{}{}{}", ceil_div(p.max_h, t.nh), ceil_div(p.max_w, t.nw),
                     ceil_div(p.max_b, t.no) * 8, ceil_div(stored_channels(layer.in.c) / 8, t.ni) * 8,
                     t.weights_outer ? " weights-outer" : "",
                     t.input_slots > 2 ? fmt::format(" input-slots={}", t.input_slots) : "");
}

Failure does_not_fit(const Layer& l, const Demand& demand, Bytes core, Bytes staging) {
  const std::string where = "layer " + l.name;
  if (demand.core > core)
    return fail(ExitCode::does_not_fit,
                {"", where,
                 fmt::format("no tiling fits in a core: the smallest needs {} bytes, a core has {}, {} are missing",
                             demand.core, core, demand.core - core),
                 "a larger compute tile (hardware.tile.memory.size), a smaller kernel or map, or another mapping "
                 "(schedule.layers.<name>.cols/rows/tile) would help"});
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

// The convolution and the pool after it as one layer: the pool's output, and the window that one of its elements spans.
Layer with_pool(const Layer& conv, const Layer& pool) {
  Layer both = conv;
  both.out = pool.out;
  both.window.kh = conv.window.kh + (pool.window.kh - 1) * conv.window.sh;
  both.window.kw = conv.window.kw + (pool.window.kw - 1) * conv.window.sw;
  both.window.sh = conv.window.sh * pool.window.sh;
  both.window.sw = conv.window.sw * pool.window.sw;
  return both;
}

// Layers of one shape with about as many blocks share what was good for the first of them.
Shortlist& Scheduler::shortlist(const LayerContext& c, const Mapping& m, Span rows) const {
  const Layer& l = *c.layer;
  const Window &w = l.window, &k = c.kernel->window;
  const int blocks = c.blocks == nullptr ? -1 : static_cast<int>(c.blocks->total() * 32 / c.blocks->size());
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
                      blocks}];
}

// The cheapest mapping of a layer, or nothing; all that were weighed go to the layer's report.
std::optional<Scheduler::Choice> Scheduler::weigh_mappings(const LayerContext& c, Span rows, Demand& least) {
  const Layer& layer = *c.layer;
  const Bytes core_limit = array_.tile.memory.size - array_.tile.reserved;
  LayerOverride forced;
  if (const auto it = spec_.layers.find(layer.name); it != spec_.layers.end()) forced = it->second;
  std::vector<Mapping> mappings = policy_.mappings(layer);
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
      TilingChoice t;
      t.tiling = tiling_of_tile(c, p, *forced.tile);
      t.buffers = core_buffers(c, p, t.tiling);
      t.estimate = estimate(c, p, t.tiling, t.buffers, array_, law_);
      demand = {t.buffers.total(), staging_bytes(c, p, t.tiling, t.buffers, array_)};
      if (demand.core <= core_limit) choice = t;
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

// Places the output over rows of the input as they become free (rolling.h), if the layer is the input's last reader and
// one of its mappings allows that; nothing otherwise.
std::optional<Scheduler::Choice> Scheduler::roll(LayerContext c, LayerId input, LayerId root, Bytes reserve,
                                                 std::vector<LayerPlan::Later>* later) {
  const LayerId from = e_.views[input].root;
  const Layer& l = network_.layers[root];
  if (policy_.bands() != Axis::height || e_.homes[from].in_ddr || last_use_[from] != c.kernel->id) return std::nullopt;
  if (placed_by_rows(from) || spec_.layers.count(c.layer->name) != 0 || c.layer->op == Op::concat) return std::nullopt;
  if (e_.views[root].root != root || !(c.layer->out == l.out)) return std::nullopt;
  c.output_in_ddr = false;
  c.rolling = true;
  c.staging = reserve;
  Demand unused;
  auto choice = weigh_mappings(c, {0, c.layer->out.h}, unused);
  if (!choice) return std::nullopt;
  const int channels = stored_channels(l.out.c), owner = next_owner_++;
  const auto places = roll_output(*c.layer, choice->partition, choice->tiling.tiling, e_.homes[from],
                                  Bytes{l.out.w} * channels, reserve, owner, array_, e_.allocators);
  if (!places) return std::nullopt;
  Home& home = e_.homes[root];
  home.channels = channels;
  for (const RolledRows& r : *places) {
    later->push_back({r.step, home.pieces.size()});
    Piece piece;
    piece.memtile = r.memtile;
    piece.owner = owner;
    piece.h = r.rows;
    piece.w = {0, l.out.w};
    piece.pixel_step = channels;
    piece.buffer = std::make_shared<Buffer>();
    piece.buffer->address = r.address;
    home.pieces.push_back(std::move(piece));
  }
  record_pieces(root, 0);
  return choice;
}

std::optional<Failure> Scheduler::emit_layer(const Layer& kernel, const Part& part) {
  const LayerId input = part.input, target = part.target;
  const int target_c0 = part.target_c0, fused = part.fused;
  const Span rows = part.rows;
  const bool placed = part.placed;
  const Layer* tail = fused >= 0 ? &network_.layers[fused] : nullptr;
  const bool pooled = tail != nullptr && tail->op == Op::maxpool;
  const Layer layer = pooled ? with_pool(kernel, *tail) : kernel;
  const int add_layer = tail != nullptr && !pooled ? fused : -1;
  LayerId operand = -1;
  if (kernel.op == Op::add) operand = kernel.inputs[1];
  if (add_layer >= 0) operand = tail->inputs[0] == kernel.id ? tail->inputs[1] : tail->inputs[0];
  LayerContext c;
  c.layer = &layer;
  c.kernel = &kernel;
  c.pool = pooled ? tail : nullptr;
  std::optional<BlockCounts> counts;
  const int mask = layer.op == Op::conv2d ? e_.builder.program().layers[layer.id].mask : -1;
  if (mask >= 0) {
    counts.emplace(e_.builder.program().masks[mask]);
    c.blocks = &*counts;
  }
  c.operand = operand >= 0;
  c.input_in_ddr = e_.home(input).in_ddr;
  if (rows.size() < layer.out.h && !placed_by_rows(input) && !c.input_in_ddr)
    c.input_sharers = static_cast<int>(std::clamp<std::int64_t>(layer.out.h / rows.size(), 1, array_.cols));
  c.operand_in_ddr = operand >= 0 && e_.home(operand).in_ddr;
  const LayerId root = e_.views[target].root;
  const bool whole = rows.size() == layer.out.h;
  const bool fresh = !placed && e_.homes[root].pieces.empty();
  const bool over = fresh && whole && operand >= 0 && operand != input && place_over(root, operand, layer.id);

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
    if (c.blocks != nullptr) weights = c.blocks->total() * 64 * kernel.window.kh * kernel.window.kw;
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
  const Bytes core_limit = array_.tile.memory.size - array_.tile.reserved;
  if (!choice) return does_not_fit(layer, least, core_limit, c.staging);
  c.output_in_ddr = e_.homes[root].in_ddr;
  c.staging = free_staging();
  const TilingChoice* best = &choice->tiling;
  plan.partition = choice->partition;
  if (!whole) depth_choices_.insert({{layer.id, rows.size()}, *choice});

  plan.layer = layer;
  plan.kernel = kernel;
  plan.pool = pooled ? fused : -1;
  plan.input = input;
  plan.operand = operand;
  plan.target = target;
  plan.target_c0 = target_c0;
  plan.add_layer = add_layer;
  plan.mask = mask;
  plan.input_sharers = c.input_sharers;
  plan.tiling = best->tiling;
  plan.buffers = best->buffers;
  plan.channels = plan_channels(plan.partition, array_, c.output_in_ddr, c.operand);
  estimate_ += best->estimate.cycles;
  e_.builder.program().layers[layer.id].mapping =
      mapping_name(plan.partition.mapping) + " " + tiling_text(layer, plan.partition, plan.tiling);
  if (fused >= 0) e_.builder.program().layers[fused].mapping = "fused into " + layer.name;
  LayerEmitter emitter(e_, plan);
  if (!emitter.emit())
    return does_not_fit(layer,
                        {best->buffers.total(), staging_bytes(c, plan.partition, best->tiling, best->buffers, array_)},
                        core_limit, c.staging);
  return std::nullopt;
}

std::optional<Failure> Scheduler::emit_concat(const Layer& layer) {
  const View view = e_.views[layer.id];
  int c0 = 0;
  for (LayerId part : layer.inputs) {
    const Layer& producer = network_.layers[part];
    const View& v = e_.views[part];
    if (v.root != view.root || v.c0 != view.c0 + c0) {
      Layer copy = layer;
      copy.window = {};
      copy.in = copy.out = producer.out;
      if (auto failure = emit_layer(copy, {part, layer.id, c0, -1, {0, copy.out.h}, false})) return failure;
    }
    c0 += stored_channels(producer.out.c);
  }
  return std::nullopt;
}

// Notes the pieces of `root` from index `from` on for every tensor that stands in them.
void Scheduler::record_pieces(LayerId root, std::size_t from) {
  const auto& pieces = e_.homes[root].pieces;
  for (const Layer& l : network_.layers) {
    if (e_.views[l.id].root != root) continue;
    const int channels = stored_channels(l.out.c);
    for (std::size_t i = from; i < pieces.size(); ++i) {
      Piece piece = pieces[i];
      TensorPiece t;
      t.tensor = static_cast<std::int16_t>(l.id);
      t.region = {piece.h.lo, piece.h.hi, piece.w.lo, piece.w.hi, 0, channels};
      t.in_ddr = piece.memtile < 0;
      t.memory = t.in_ddr ? -1 : e_.map().memory_tile(piece.memtile);
      t.access = segment_access({&piece, piece.h, piece.w}, e_.views[l.id].c0, channels);
      e_.builder.program().pieces.push_back(t);
    }
  }
}

void Scheduler::forget_pieces(LayerId root) {
  auto& pieces = e_.builder.program().pieces;
  pieces.erase(std::remove_if(pieces.begin(), pieces.end(),
                              [&](const TensorPiece& t) { return e_.views[t.tensor].root == root; }),
               pieces.end());
}

DepthUnit Scheduler::unit_of(const Layer& kernel) const {
  DepthUnit u;
  u.kernel = kernel.id;
  u.fused = fused_[kernel.id];
  u.target = u.fused < 0 ? kernel.id : u.fused;
  u.geometry = kernel;
  if (u.fused >= 0) {
    const Layer& tail = network_.layers[u.fused];
    if (tail.op == Op::maxpool)
      u.geometry = with_pool(kernel, tail);
    else
      u.same_rows = {tail.inputs[0] == kernel.id ? tail.inputs[1] : tail.inputs[0]};
  }
  if (kernel.op == Op::add) u.same_rows = {kernel.inputs[1]};
  return u;
}

// Takes a pool out of its convolution again where the two cost less apart: tiles of whole pool windows may divide worse
// among the cores, and the map before the pool takes core memory.
void Scheduler::weigh_pool(const Layer& conv) {
  const LayerId pool = fused_[conv.id];
  if (pool < 0 || network_.layers[pool].op != Op::maxpool) return;
  const bool in_ddr = e_.home(conv.inputs[0]).in_ddr;
  const auto cost = [&](const Layer& l, bool input_in_ddr, bool output_in_ddr) {
    const DepthUnit u = unit_of(l);
    return unit_cost(u, {0, u.geometry.out.h}, input_in_ddr, output_in_ddr, free_staging(), 1);
  };
  const auto together = cost(conv, in_ddr, !fits(pool, 0));
  fused_[conv.id] = -1;
  const bool spills = !fits(conv.id, 0);
  const auto first = cost(conv, in_ddr, spills), second = cost(network_.layers[pool], spills, !fits(pool, 0));
  if (first && second && (!together || *first + *second < *together)) {
    fused_into_[pool] = -1;
    plan_lifetimes();
  } else {
    fused_[conv.id] = pool;
  }
}

// Whether everything between the units is read by them alone.
bool Scheduler::closed(const std::vector<DepthUnit>& units) const {
  for (const Layer& reader : network_.layers) {
    const LayerId runs_with = fused_into_[reader.id] >= 0 ? fused_into_[reader.id] : reader.id;
    const bool inside =
        std::any_of(units.begin(), units.end(), [&](const DepthUnit& u) { return u.kernel == runs_with; });
    for (LayerId input : reader.inputs)
      for (std::size_t u = 0; u + 1 < units.size(); ++u)
        if (units[u].target == input && !inside) return false;
  }
  return true;
}

// The run of layers from `first` on that is better walked in tiles: the shortest one whose last output has room in the
// memory tiles although tensors between have not. Empty: none.
std::vector<DepthUnit> Scheduler::depth_group(LayerId first, int* tiles) const {
  constexpr int longest = 4;
  LayerId forced_last = -1;
  for (const DepthSpec& d : spec_.depth)
    if (d.first == network_.layers[first].name) {
      *tiles = d.tiles;
      for (const Layer& l : network_.layers)
        if (l.name == d.last) forced_last = l.id;
    }
  if (forced_last < 0 && (!spec_.depth_tiling || !policy_.tiles_in_depth())) return {};
  std::vector<DepthUnit> units;
  for (std::size_t k = turn_[first]; k < order_.size(); ++k) {
    const LayerId i = order_[k];
    const Layer& l = network_.layers[i];
    if (l.op == Op::concat || l.op == Op::input) return {};
    if (fused_into_[i] >= 0) continue;
    const DepthUnit u = unit_of(l);
    if (e_.views[u.target].root != u.target || last_use_[u.target] == 0) return {};
    if (units.empty() && forced_last < 0 && fits(u.target, 0)) return {};
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
  const Layer& kernel = network_.layers[u.kernel];
  LayerContext c;
  c.layer = &u.geometry;
  c.kernel = &kernel;
  c.pool = u.fused >= 0 && network_.layers[u.fused].op == Op::maxpool ? &network_.layers[u.fused] : nullptr;
  std::optional<BlockCounts> counts;
  const Program& program = e_.builder.program();
  if (kernel.op == Op::conv2d) counts.emplace(program.masks[program.layers[kernel.id].mask]);
  c.blocks = counts ? &*counts : nullptr;
  c.operand = !u.same_rows.empty();
  c.input_in_ddr = input_in_ddr;
  c.output_in_ddr = output_in_ddr;
  c.input_sharers = sharers;
  c.staging = staging;
  std::optional<double> best;
  for (const Mapping& m : policy_.mappings(u.geometry)) {
    const Partition p = make_partition(u.geometry, rows, m, array_);
    const auto choice = choose_tiling(c, p, array_, law_, nullptr, &shortlist(c, m, rows));
    if (choice && (!best || choice->estimate.cycles < *best)) best = choice->estimate.cycles;
  }
  return best;
}

// Whether the unit's output can be expected to fit over rows of its input: half of them, as tiles and halos keep some.
bool Scheduler::may_roll(const DepthUnit& unit) const {
  const LayerId from = e_.views[unit.geometry.inputs[0]].root;
  const Home& input = e_.homes[from];
  if (policy_.bands() != Axis::height || input.in_ddr || input.pieces.empty() || !unit.same_rows.empty()) return false;
  if (last_use_[from] != unit.kernel || e_.views[unit.target].root != unit.target) return false;
  const Shape& out = unit.geometry.out;
  const Bytes band = ceil_div(out.h, array_.memtiles()) * Bytes{out.w} * stored_channels(out.c);
  const Piece& piece = input.pieces.front();
  return band + usual_reserve() / 2 <= free_staging() + piece.row_step() * piece.h.size() / 2;
}

// What the units cost one after the other, spilling what does not fit.
std::optional<double> Scheduler::layered_cost(const std::vector<DepthUnit>& units) const {
  double sum = 0;
  bool in_ddr = e_.homes[e_.views[units[0].geometry.inputs[0]].root].in_ddr;
  for (std::size_t u = 0; u < units.size(); ++u) {
    const bool spills = u + 1 < units.size() && !fits(units[u].target, 0) && !(u == 0 && may_roll(units[u]));
    const auto cost = unit_cost(units[u], {0, units[u].geometry.out.h}, in_ddr, spills, free_staging(), 1);
    if (!cost) return std::nullopt;
    sum += *cost;
    in_ddr = spills;
  }
  return sum;
}

// What they cost walked in tiles; nothing where some tile fits nowhere.
std::optional<double> Scheduler::tiled_cost(const std::vector<DepthUnit>& units, int tiles) const {
  const bool first_in_ddr = e_.homes[e_.views[units[0].geometry.inputs[0]].root].in_ddr;
  // The rows of a tile stand in few of the memory tiles when the run's input is spread by bands.
  const int sharers = first_in_ddr ? 1 : std::min(tiles, array_.cols);
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
  const auto find = [&](LayerId tensor, Span rows) {
    return find_rows(trial, tensor, rows, usual_reserve(), owner++, emitted % 2 == 1);
  };
  const LayerId target = units[last].target;
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
  place(e_.views[units[last].target].root, last_use_[e_.views[units[last].target].root] == 0, usual_reserve());
  for (const DepthStep& step : depth_steps(units, tiles)) {
    const DepthUnit& unit = units[step.unit];
    if (step.unit != last && !place_rows(unit.target, step.rows, usual_reserve()))
      return fail(ExitCode::does_not_fit,
                  {"", "layer " + network_.layers[unit.kernel].name,
                   fmt::format("{} rows of a depth-wise tile do not fit in the memory tiles", step.rows.size()),
                   "more tiles (schedule.depth[].tiles) would help"});
    const Layer& kernel = network_.layers[unit.kernel];
    if (auto failure = emit_layer(kernel, {kernel.inputs[0], unit.target, 0, unit.fused, step.rows, true}))
      return failure;
    for (int u = 0; u < last; ++u) release_rows(units[u].target, step.keep[u]);
  }
  for (const DepthUnit& u : units)
    e_.builder.program().layers[u.kernel].mapping += fmt::format(" depth-tiles={}", tiles);
  return std::nullopt;
}

void Scheduler::release_read_by(LayerId reader) {
  for (LayerId root = 0; root < static_cast<LayerId>(last_use_.size()); ++root)
    if (e_.views[root].root == root && last_use_[root] == reader) {
      const auto& pieces = e_.homes[root].pieces;
      for (const Piece& p : pieces)
        if (p.memtile >= 0) e_.allocators[p.memtile].release(p.owner);
    }
}

Expected<Schedule> Scheduler::run() {
  plan_order();
  plan_views();
  plan_fusion();
  plan_lifetimes();
  describe_layers();
  for (std::size_t k = 0; k < order_.size(); ++k) {
    const Layer& l = network_.layers[order_[k]];
    std::optional<Failure> failure;
    std::size_t through = k;  // place of the last layer that is emitted now
    if (l.op == Op::input) {
      place_in_ddr(l.id);
    } else if (l.op == Op::concat) {
      failure = emit_concat(l);
    } else if (fused_into_[l.id] < 0) {
      int tiles = 1;
      const std::vector<DepthUnit> units = depth_group(l.id, &tiles);
      if (!units.empty()) {
        failure = emit_group(units, tiles);
        through = turn_[units.back().kernel];
      } else {
        if (l.op == Op::conv2d) weigh_pool(l);
        const DepthUnit u = unit_of(l);
        failure = emit_layer(l, {l.inputs[0], u.target, 0, u.fused, {0, u.geometry.out.h}, false});
      }
    }
    if (failure) return *failure;
    for (; k < through; ++k) release_read_by(order_[k]);
    release_read_by(order_[k]);
  }
  e_.builder.program().ddr_bytes = e_.ddr_top;
  Schedule s;
  s.estimate_us = estimate_ * 1e6 / array_.clock_hz;
  s.program = e_.builder.finish();
  s.layers = std::move(reports_);
  return s;
}

}  // namespace

const Policy* find_policy(const std::string& name) {
  if (name == "best") return &best_policy();
  if (name == "published") return &published_policy();
  return nullptr;
}

std::vector<std::string> policy_names() { return {"best", "published"}; }

Expected<Schedule> make_schedule(const Network& network, const std::vector<std::optional<BlockMask>>& masks,
                                 const ArraySpec& array, const KernelLaw& law, const ScheduleSpec& spec) {
  const Policy* policy = find_policy(spec.policy);
  if (policy == nullptr)
    return fail(ExitCode::bad_input,
                {"", "schedule.policy", "unknown policy \"" + spec.policy + "\"", "best or published"});
  return Scheduler(network, masks, array, law, spec, *policy).run();
}

}  // namespace tessera
