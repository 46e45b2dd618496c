#include "sim/lower/layer_emitter.h"

#include <algorithm>

namespace tessera::lower {
namespace {
constexpr int layer_scope = -2;  // owner of allocations that end with the layer
}

LayerEmitter::LayerEmitter(Emission& e, const LayerPlan& plan)
    : e_(e),
      plan_(plan),
      layer_(plan.layer),
      channelwise_(ops::channelwise(plan.layer)),
      product_(ops::is_product(plan.layer)),
      weighted_(ops::has_weights(plan.layer)),
      input_key_(plan.partition.acts.size(), -1),
      weights_key_(plan.partition.weights.size(), -1),
      input_count_(plan.partition.acts.size(), 0),
      weights_count_(plan.partition.weights.size(), 0),
      second_count_(plan.partition.seconds.size(), 0),
      weights_sent_(plan.partition.weights.size(), false),
      chunks_(plan.partition.weights.size()),
      rounds_(static_cast<std::size_t>(e.array.memtiles()), 0) {
  for (const CorePart& part : plan.partition.parts) {
    std::vector<Span> tiles;
    for (int o = 0; o < plan.tiling.no; ++o) {
      const Span tile = split(part.b, plan.tiling.no, o);
      for (const Member& m : plan.members) {
        const Span own{std::max(tile.lo, m.blocks.lo), std::min(tile.hi, m.blocks.hi)};
        if (!own.empty()) tiles.push_back(own);
      }
    }
    outs_ = std::max(outs_, static_cast<int>(tiles.size()));
    out_tiles_.push_back(std::move(tiles));
  }
}

const mapping::Computation::Member& LayerEmitter::member_of(Span blocks) const {
  std::size_t k = 0;
  while (plan_.members[k].blocks.hi <= blocks.lo) ++k;
  return plan_.members[k];
}

bool LayerEmitter::emit() {
  claim_core_slots();
  if (!claim_staging()) return false;
  if (e_.array.controller.mechanism != arch::ControlMechanism::none) lock_staging();
  if (weighted_) place_weights();
  const std::vector<Step> order = steps();
  for (std::size_t k = 0; k < order.size(); ++k) {
    const Step& s = order[k];
    const Step* next = k + 1 < order.size() ? &order[k + 1] : nullptr;
    if (k == 0 || s.h != order[k - 1].h) claim_later(s.h);
    for (int g = 0; g < static_cast<int>(plan_.partition.weights.size()); ++g) emit_weights(g, s);
    emit_inputs(s);
    for (int g = 0; g < static_cast<int>(plan_.partition.seconds.size()); ++g)
      emit_second(g, s, k == 0 ? nullptr : &order[k - 1]);
    for (int p = 0; p < static_cast<int>(plan_.partition.parts.size()); ++p) emit_core(p, s, next);
  }
  if (e_.batch || plan_.rows.size() < layer_.out.h) keep_chunks();
  for (Staging& s : input_staging_) give_back(s);
  for (Staging& s : operand_staging_) give_back(s);
  for (int m = 0; m < e_.array.memtiles(); ++m) e_.free(m, layer_scope);
  ++e_.emitted_layers;
  return e_.encodable;
}

// Layers take core memory alternately from its two ends, so that a small layer's first buffers can be filled while the
// layer before it still computes.
void LayerEmitter::claim_core_slots() {
  const mapping::CoreBuffers& b = plan_.buffers;
  const Bytes limit = e_.array.tile.memory.size - e_.array.tile.reserved;
  const bool from_top = e_.emitted_layers % 2 == 1;
  for (const CorePart& p : plan_.partition.parts) {
    MemoryMap& memory = e_.memory[e_.map().compute_tile(p.row, p.col)];
    std::int64_t used = 0;
    const auto claim = [&](Bytes bytes) {
      const Bytes size = round_up(bytes, 4);
      const std::int64_t at = from_top ? limit / 4 * 4 - used - size : used;
      used += size;
      return memory.claim(at, at + std::max<Bytes>(size, 4));
    };
    // Buffers of one kind stand at even distances, the first one lowest, so that one descriptor serves them in turn.
    const auto claim_all = [&](std::vector<BufferRef>& slots, int count, Bytes bytes) {
      for (int k = 0; k < count; ++k) slots.push_back(claim(bytes));
      if (from_top) std::reverse(slots.begin(), slots.end());
    };
    CoreSlots s;
    claim_all(s.input, b.slots.input, b.input);
    claim_all(s.aside, aside_slots(b.inbound, b.slots), b.input);
    claim_all(s.weights, b.slots.weights, b.weights);
    claim_all(s.operand, b.slots.operand, b.operand);
    if (b.accumulator > 0) s.accumulator = claim(b.accumulator);
    if (b.unpooled > 0) s.unpooled = claim(b.unpooled);
    claim_all(s.output, b.slots.output, b.output);
    slots_.push_back(std::move(s));
  }
}

bool LayerEmitter::claim_staging() {
  const auto stage = [&](int memtile, Bytes bytes, Staging& s) {
    s.memtile = memtile;
    for (BufferRef& slot : s.slots) {
      const auto at = e_.allocators[memtile].find(round_up(bytes, 32), false);
      if (!at) return false;
      e_.allocators[memtile].take(*at, bytes, layer_scope);
      slot = e_.memory[e_.map().memory_tile(memtile)].claim(*at, *at + round_up(bytes, 32));
    }
    return true;
  };
  const auto& p = plan_.partition;
  if (e_.placement(plan_.input).in_ddr) {
    input_staging_.resize(p.acts.size());
    const Bytes bytes = plan_.buffers.staged * (plan_.tiling.chunks_staged ? 1 : plan_.tiling.ni);
    for (std::size_t g = 0; g < p.acts.size(); ++g)
      if (!stage(staging_memtile(p.acts[g], static_cast<int>(g)), bytes, input_staging_[g])) return false;
  }
  if (plan_.operand >= 0 && e_.placement(plan_.operand).in_ddr) {
    operand_staging_.resize(p.seconds.size());
    for (std::size_t g = 0; g < p.seconds.size(); ++g)
      if (!stage(staging_memtile(p.seconds[g], static_cast<int>(g)), plan_.buffers.operand, operand_staging_[g]))
        return false;
  }
  if (e_.placement(plan_.members.front().target).in_ddr) {
    output_staging_.resize(p.parts.size());
    for (std::size_t k = 0; k < p.parts.size(); ++k)
      if (!stage(home_memtile(p.parts[k]), plan_.buffers.output, output_staging_[k])) return false;
  }
  return true;
}

void LayerEmitter::claim_later(int tile_row) {
  for (Piece& p : e_.placement(plan_.members.front().target).pieces) {
    if (p.tile_row != tile_row) continue;
    const std::int64_t lo = p.buffer->address;
    p.buffer = e_.memory[e_.map().memory_tile(p.memtile)].claim(lo, lo + round_up(p.row_step() * p.h.size(), 32));
  }
}

std::vector<LayerEmitter::Step> LayerEmitter::steps() const {
  const Tiling& t = plan_.tiling;
  std::vector<Step> list;
  const int spatial = t.nh * t.nw;
  const int outer = t.weights_stationary ? outs_ : spatial, inner = t.weights_stationary ? spatial : outs_;
  for (int x = 0; x < outer; ++x)
    for (int y = 0; y < inner; ++y)
      for (int i = 0; i < t.ni; ++i) {
        const int s = t.weights_stationary ? y : x, o = t.weights_stationary ? x : y;
        list.push_back({s / t.nw, s % t.nw, o, i});
      }
  return list;
}

program::Region LayerEmitter::tile_of(const CorePart& p, const Step& s) const {
  const Span h = tile_h(p, s), w = tile_w(p, s), b = tile_b(p, s);
  return {h.lo, h.hi, w.lo, w.hi, b.lo * 8, b.hi * 8};
}

// Of the channels that the layer reads for the tile, the chunk of the step.
Span LayerEmitter::input_channels(const CorePart& p, const Step& s) const {
  const program::Region r = reads(layer_, 0, tile_of(p, s));
  const Span blocks = split({r.c0 / 8, r.c1 / 8}, plan_.tiling.ni, s.i);
  return {blocks.lo * 8, blocks.hi * 8};
}

LayerEmitter::Window LayerEmitter::window_of(const program::Region& read, const network::Shape& from) {
  return {{read.h0, read.h1},
          {read.w0, read.w1},
          {std::max(0, read.h0), std::min(from.h, read.h1)},
          {std::max(0, read.w0), std::min(from.w, read.w1)}};
}

program::KernelCall LayerEmitter::kernel_call(const CorePart& p, const Step& s) const {
  const Span h = tile_h(p, s), w = tile_w(p, s), b = tile_b(p, s), in_c = input_channels(p, s);
  const auto [in_h, in_w] = tile_sides(layer_, tile_of(p, s));
  program::KernelCall call;
  call.kind = program::kernel_of(layer_.op);
  const Member& m = member_of(b);
  const int first = m.target_c0 - m.blocks.lo * 8;
  call.layer = static_cast<std::int16_t>(m.layer);
  call.add_layer = static_cast<std::int16_t>(plan_.add);
  call.out = {h.lo, h.hi, w.lo, w.hi, b.lo * 8 + first, b.hi * 8 + first};
  if (plan_.pool >= 0) {
    const network::Window& k = e_.network.layers[plan_.pool].window;
    call.out = {h.lo * k.sh, h.hi * k.sh, w.lo * k.sw, w.hi * k.sw, b.lo * 8, b.hi * 8};
  }
  call.in_h = in_h;
  call.in_w = in_w;
  call.in_c = in_c.size();
  call.ic0 = in_c.lo - reads(layer_, 0, tile_of(p, s)).c0;
  call.first = s.i == 0;
  call.last = s.i == plan_.tiling.ni - 1;
  return call;
}

// The pool reads the convolution's tile where the convolution left it; only its own output leaves the core.
void LayerEmitter::emit_pool(const CorePart& p, const CoreSlots& slots, const program::KernelCall& conv,
                             const program::Region& out, Buffer& output) {
  program::KernelCall call;
  call.kind = program::KernelKind::maxpool;
  call.layer = static_cast<std::int16_t>(plan_.pool);
  call.out = out;
  call.in_h = conv.out.h1 - conv.out.h0;
  call.in_w = conv.out.w1 - conv.out.w0;
  call.in_c = conv.out.c1 - conv.out.c0;
  call.in = static_cast<std::int32_t>(slots.unpooled->address);
  call.result = static_cast<std::int32_t>(output.address);
  slots.unpooled->users.add(core(p), e_.call(core(p), call, output.before));
}

Buffer* LayerEmitter::emit_call(int part, const Step& s, const Step* next, bool sent, int layer) {
  const CorePart& p = plan_.partition.parts[part];
  CoreSlots& slots = slots_[part];
  const program::EngineId id = core(p);
  Buffer* output = nullptr;
  program::KernelCall call = kernel_call(p, s);
  Buffer& in = *input_slot(part, input_count_[p.acts] - 1);
  call.in = static_cast<std::int32_t>(in.address);
  Buffer* weights = sent ? slots.weights[(weights_count_[p.weights] - 1) % slots.weights.size()].get() : nullptr;
  Buffer* operand = nullptr;
  WaitSet waits;
  if (weighted_) {
    call.chunk = chunks_[p.weights][static_cast<std::size_t>(s.o) * plan_.tiling.ni + s.i].chunk;
    if (sent) call.weights = static_cast<std::int32_t>(weights->address);
  }
  if (slots.accumulator && !(call.first && call.last)) {
    call.acc = static_cast<std::int32_t>(slots.accumulator->address);
    waits.add(slots.accumulator->before);
  }
  if (second_read(p.second, s)) {
    operand = slots.operand[static_cast<std::size_t>(second_count_[p.second] - 1) % slots.operand.size()].get();
    call.in2 = static_cast<std::int32_t>(operand->address);
    take_second(part, s, layer);
  }
  if (call.last) {
    output = slots.output[slots.outputs++ % slots.output.size()].get();
    Buffer& computed = slots.unpooled ? *slots.unpooled : *output;
    call.result = static_cast<std::int32_t>(computed.address);
    waits.add(computed.before);
    e_.builder.acquire(id, core_locks::output, 1, layer);
  }
  const int task = e_.call(id, call, waits);
  in.users.add(id, task);
  if (weights != nullptr) weights->users.add(id, task);
  if (slots.accumulator) slots.accumulator->users.add(id, task);
  if (operand != nullptr) {
    operand->users.add(id, task);
    leave_second(part, s, next, layer);
  }
  if (call.last && plan_.pool >= 0) {
    const Span h = tile_h(p, s), w = tile_w(p, s), b = tile_b(p, s);
    emit_pool(p, slots, call, {h.lo, h.hi, w.lo, w.hi, b.lo * 8, b.hi * 8}, *output);
  }
  if (call.last) e_.builder.release(id, core_locks::output + 1, 1, layer);
  return output;
}

void LayerEmitter::emit_core(int part, const Step& s, const Step* next) {
  const CorePart& p = plan_.partition.parts[part];
  CoreSlots& slots = slots_[part];
  const program::EngineId id = core(p);
  const bool has_input = !empty_tile(p, s) && !(channelwise_ && tile_b(p, s).empty());
  const bool works = has_input && !tile_b(p, s).empty();
  const int layer = works ? member_of(tile_b(p, s)).layer : layer_.id;

  const auto same_input = [&](const Step& x, const Step& y) {
    return x.h == y.h && x.w == y.w && x.i == y.i && (!channelwise_ || x.o == y.o);
  };
  const auto same_weights = [&](const Step& x, const Step& y) { return x.o == y.o && x.i == y.i; };
  const bool sent = weighted_ && weights_sent_[p.weights];

  const int tile = input_count_[p.acts] - 1;
  if (has_input && !slots.holds_input) e_.builder.acquire(id, input_lock(tile) + 1, 1, layer);
  slots.holds_input = has_input;
  if (sent && !slots.holds_weights) e_.builder.acquire(id, weights_lock() + 1, 1, layer);
  slots.holds_weights = sent;

  Buffer* output = nullptr;
  if (works) {
    output = emit_call(part, s, next, sent, layer);
  } else {  // it lets pass what the others of its group get
    take_second(part, s, layer);
    leave_second(part, s, next, layer);
  }
  if (slots.holds_input && (next == nullptr || !same_input(s, *next))) {
    e_.builder.release(id, input_lock(tile), 1, layer);
    slots.holds_input = false;
  }
  if (slots.holds_weights && (next == nullptr || !same_weights(s, *next))) {
    e_.builder.release(id, weights_lock(), 1, layer);
    slots.holds_weights = false;
  }
  if (output != nullptr) emit_output(part, s, *output);
}

}  // namespace tessera::lower
