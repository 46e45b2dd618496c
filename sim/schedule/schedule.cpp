#include "sim/schedule/schedule.h"

#include <algorithm>
#include <fmt/format.h>

#include "sim/schedule/channel_order.h"
#include "sim/schedule/layer_emitter.h"
#include "sim/schedule/policy.h"

namespace tessera {
namespace {

// The driver: walks the layers in order, gives every tensor a home, lets the policy's cheapest mapping and tiling win,
// and has it emitted.
class Scheduler {
 public:
  Scheduler(const Network& network, const std::vector<std::optional<BlockMask>>& masks, const ArraySpec& array,
            const KernelLaw& law, const ScheduleSpec& spec, const Policy& policy)
      : network_(network), masks_(masks), array_(array), law_(law), spec_(spec), policy_(policy), e_(network, array),
        fused_(network.layers.size(), -1), fused_into_(network.layers.size(), -1), last_use_(network.layers.size(), 0) {}

  Expected<Schedule> run();

 private:
  void plan_views();
  void plan_fusion();
  void plan_lifetimes();
  void describe_layers();
  bool place(LayerId root, bool in_ddr);
  bool place_over(LayerId root, LayerId operand, int reader);
  void place_in_ddr(LayerId root);
  std::optional<Failure> emit_layer(const Layer& layer, LayerId input, LayerId target, int target_c0, int fused);
  std::optional<Failure> emit_concat(const Layer& layer);
  Bytes free_staging() const;
  void record_pieces();

  const Network& network_;
  const std::vector<std::optional<BlockMask>>& masks_;
  const ArraySpec& array_;
  const KernelLaw& law_;
  const ScheduleSpec& spec_;
  const Policy& policy_;
  Emission e_;
  std::vector<int> fused_;       // per conv: the add or pool computed with it, or -1
  std::vector<int> fused_into_;  // per add or pool: the conv that computes it, or -1
  std::vector<int> last_use_;    // per root: index of the last layer that reads it
  std::vector<LayerReport> reports_;
  double estimate_ = 0;
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
    const LayerId last = std::max(add.inputs[0], add.inputs[1]);
    const Layer& conv = network_.layers[last];
    // Nothing may stand between the two that the add's early execution could overtake.
    if (conv.op != Op::conv2d || uses[last] != 1 || add.inputs[0] == add.inputs[1]) continue;
    if (e_.views[last].root != last || fused_[last] >= 0) continue;
    fused_[last] = add.id;
    fused_into_[add.id] = last;
  }
}

void Scheduler::plan_lifetimes() {
  for (const Layer& l : network_.layers)
    for (LayerId i : l.inputs) {
      const int reader = fused_into_[l.id] >= 0 ? std::max(i, fused_into_[l.id]) : l.id;
      int& last = last_use_[e_.views[i].root];
      last = std::max(last, reader);
    }
}

void Scheduler::describe_layers() {
  Program& p = e_.builder.program();
  p.network = network_.name;
  std::vector<KernelMask> logical(network_.layers.size());
  for (const Layer& l : network_.layers)
    if (l.op == Op::conv2d) logical[l.id] = kernel_mask(masks_[l.id] ? *masks_[l.id] : BlockMask::all_ones(l.out.c, l.in.c));
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
  piece.writers.resize(l.out.h);
  home.pieces.push_back(std::move(piece));
  e_.homes[root] = std::move(home);
}

// Spreads the tensor over the memory tiles, if every one of them has room beside what weights and staging need.
bool Scheduler::place(LayerId root, bool in_ddr) {
  if (!e_.homes[root].pieces.empty()) return true;
  if (in_ddr) {
    place_in_ddr(root);
    return true;
  }
  const Layer& l = network_.layers[root];
  Home home;
  home.channels = stored_channels(l.out.c);
  const Bytes reserve = array_.memtile.memory.size / 8;
  for (int m = 0; m < array_.memtiles(); ++m) {
    Piece piece;
    piece.memtile = m;
    piece.h = {0, l.out.h};
    piece.w = {0, l.out.w};
    Span& band = policy_.bands() == Axis::height ? piece.h : piece.w;
    band = split(band, array_.memtiles(), m);
    if (band.empty()) continue;
    piece.pixel_step = home.channels;
    piece.writers.resize(piece.h.size());
    const Bytes bytes = piece.row_step() * piece.h.size();
    const auto at = e_.allocators[m].find(round_up(bytes, 32), e_.emitted_layers % 2 == 1);
    if (at) e_.allocators[m].take(*at, bytes, root);
    if (!at || e_.allocators[m].largest_gap().size() < reserve) {
      for (auto& a : e_.allocators) a.release(root);
      return false;
    }
    piece.buffer = std::make_shared<Buffer>();
    piece.buffer->address = *at;
    home.pieces.push_back(std::move(piece));
  }
  for (Piece& p : home.pieces)
    p.buffer = e_.memory[e_.map().memory_tile(p.memtile)].claim(
        p.buffer->address, p.buffer->address + round_up(p.row_step() * p.h.size(), 32));
  e_.homes[root] = std::move(home);
  return true;
}

// A sum may overwrite the operand that nobody reads afterwards: every element is read before its sum is written.
bool Scheduler::place_over(LayerId root, LayerId operand, int reader) {
  Home& old = e_.homes[operand];
  if (e_.views[operand].root != operand || last_use_[operand] != reader || old.in_ddr || last_use_[root] == 0) return false;
  if (!e_.homes[root].pieces.empty() || !(network_.layers[root].out == network_.layers[operand].out)) return false;
  Home home = old;
  for (Piece& p : home.pieces) {
    const std::int64_t lo = p.buffer->address;
    p.buffer = e_.memory[e_.map().memory_tile(p.memtile)].claim(lo, lo + round_up(p.row_step() * p.h.size(), 32));
    for (WaitSet& w : p.writers) w.clear();
  }
  for (TileAllocator& a : e_.allocators) a.rename(operand, root);
  e_.homes[root] = std::move(home);
  return true;
}

Bytes Scheduler::free_staging() const {
  Bytes least = array_.memtile.memory.size;
  for (const auto& a : e_.allocators) least = std::min(least, a.largest_gap().size());
  return least;
}

std::string tiling_text(const Layer& layer, const Partition& p, const Tiling& t) {
  return fmt::format("tile={}x{}x{}/{}{}{}", ceil_div(p.max_h, t.nh), ceil_div(p.max_w, t.nw), ceil_div(p.max_b, t.no) * 8,
                     ceil_div(stored_channels(layer.in.c) / 8, t.ni) * 8, t.weights_outer ? " weights-outer" : "",
                     t.deep_input ? " deep-input" : "");
}

Failure does_not_fit(const Layer& l, Bytes needed, Bytes have, Bytes staging) {
  return fail(ExitCode::does_not_fit,
              {"", "layer " + l.name,
               fmt::format("no tiling fits: the smallest core tile needs {} bytes, a core has {}; {} bytes of a memory tile "
                           "are left for staging and weights", needed, have, staging),
               "a larger compute or memory tile, more columns, a smaller kernel or map, or another mapping "
               "(schedule.layers.<name>.cols/rows) would help"});
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

std::optional<Failure> Scheduler::emit_layer(const Layer& kernel, LayerId input, LayerId target, int target_c0, int fused) {
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
  c.operand_in_ddr = operand >= 0 && e_.home(operand).in_ddr;
  const LayerId root = e_.views[target].root;
  const bool fresh = e_.homes[root].pieces.empty();
  const bool final_output = last_use_[root] == 0;
  const bool over = operand >= 0 && operand != input && place_over(root, operand, layer.id);
  if (!over && (!fresh || final_output || !place(root, false))) place(root, true);

  LayerOverride forced;
  if (const auto it = spec_.layers.find(layer.name); it != spec_.layers.end()) forced = it->second;
  std::optional<TilingChoice> best;
  LayerPlan plan;
  Bytes needed = 0;
  for (int attempt = 0; attempt < 2 && !best; ++attempt) {
    if (attempt == 1) {  // give up the place in the memory tiles
      if (!fresh || over || e_.homes[root].in_ddr) break;
      for (auto& a : e_.allocators) a.release(root);
      place_in_ddr(root);
    }
    c.output_in_ddr = e_.homes[root].in_ddr;
    c.staging = free_staging();
    std::vector<Mapping> mappings = policy_.mappings(layer);
    if (forced.cols || forced.rows) {
      Mapping m = mappings.front();
      mappings = {{forced.cols.value_or(m.cols), forced.rows.value_or(m.rows)}};
    }
    for (const Mapping& m : mappings) {
      Partition p = make_partition(layer, m, array_);
      std::optional<TilingChoice> choice;
      if (forced.tile) {
        TilingChoice t;
        t.tiling = tiling_of_tile(c, p, *forced.tile);
        t.buffers = core_buffers(c, p, t.tiling);
        t.estimate = estimate(c, p, t.tiling, t.buffers, array_, law_);
        needed = t.buffers.total();
        if (needed <= array_.tile.memory.size - array_.tile.reserved) choice = t;
      } else {
        choice = choose_tiling(c, p, array_, law_, &needed);
      }
      Candidate weighed;
      weighed.mapping = mapping_name(m);
      if (choice) {
        weighed.tiling = tiling_text(layer, p, choice->tiling);
        weighed.us = choice->estimate.cycles * 1e6 / array_.clock_hz;
        weighed.bound_by = choice->estimate.bound_by;
        weighed.core_bytes = choice->buffers.total();
      }
      reports_[layer.id].candidates.push_back(std::move(weighed));
      if (choice && (!best || choice->estimate.cycles < best->estimate.cycles)) {
        best = choice;
        plan.partition = std::move(p);
      }
    }
  }
  if (!best) return does_not_fit(layer, needed, array_.tile.memory.size - array_.tile.reserved, c.staging);

  plan.layer = layer;
  plan.kernel = kernel;
  plan.pool = pooled ? fused : -1;
  plan.input = input;
  plan.operand = operand;
  plan.target = target;
  plan.target_c0 = target_c0;
  plan.add_layer = add_layer;
  plan.mask = mask;
  plan.tiling = best->tiling;
  plan.buffers = best->buffers;
  plan.channels = plan_channels(plan.partition, array_, c.output_in_ddr, c.operand);
  estimate_ += best->estimate.cycles;
  e_.builder.program().layers[layer.id].mapping =
      mapping_name(plan.partition.mapping) + " " + tiling_text(layer, plan.partition, plan.tiling);
  if (fused >= 0) e_.builder.program().layers[fused].mapping = "fused into " + layer.name;
  LayerEmitter emitter(e_, plan);
  if (!emitter.emit()) return does_not_fit(layer, needed, array_.tile.memory.size - array_.tile.reserved, c.staging);
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
      if (auto failure = emit_layer(copy, part, layer.id, c0, -1)) return failure;
    }
    c0 += stored_channels(producer.out.c);
  }
  return std::nullopt;
}

void Scheduler::record_pieces() {
  Program& p = e_.builder.program();
  for (const Layer& l : network_.layers) {
    if (fused_[l.id] >= 0) continue;  // never materialized
    const View& v = e_.views[l.id];
    for (Piece& piece : e_.homes[v.root].pieces) {
      TensorPiece t;
      t.tensor = static_cast<std::int16_t>(l.id);
      const int channels = stored_channels(l.out.c);
      t.region = {piece.h.lo, piece.h.hi, piece.w.lo, piece.w.hi, 0, channels};
      t.in_ddr = piece.memtile < 0;
      t.memory = t.in_ddr ? -1 : e_.map().memory_tile(piece.memtile);
      t.access = segment_access({&piece, piece.h, piece.w}, v.c0, channels);
      p.pieces.push_back(t);
    }
  }
  p.ddr_bytes = e_.ddr_top;
}

Expected<Schedule> Scheduler::run() {
  plan_views();
  plan_fusion();
  plan_lifetimes();
  describe_layers();
  for (const Layer& l : network_.layers) {
    std::optional<Failure> failure;
    if (l.op == Op::input) {
      place_in_ddr(l.id);
    } else if (l.op == Op::concat) {
      failure = emit_concat(l);
    } else if (fused_into_[l.id] < 0) {
      const int fused = fused_[l.id];
      failure = emit_layer(l, l.inputs[0], fused < 0 ? l.id : fused, 0, fused);
    }
    if (failure) return *failure;
    for (LayerId root = 0; root < l.id; ++root)
      if (e_.views[root].root == root && last_use_[root] == l.id)
        for (auto& a : e_.allocators) a.release(root);
  }
  record_pieces();
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
    return fail(ExitCode::bad_input, {"", "schedule.policy", "unknown policy \"" + spec.policy + "\"", "best or published"});
  return Scheduler(network, masks, array, law, spec, *policy).run();
}

}  // namespace tessera
