// The transfers of weights of LayerEmitter: from DDR to places in memory tiles, and on to the cores that share them.
#include <algorithm>

#include "sim/lower/layer_emitter.h"

namespace tessera::lower {
namespace {

int owner_of_weights(const network::Layer& layer) { return layer.repeats < 0 ? layer.id : layer.repeats; }

}  // namespace

// Rows count in the blocks of all members.
// `part` of the tiling's chunks over the input channels.
sparsity::ChunkShape LayerEmitter::shape_of(const Member& m, Span rows, Span cols, int part) const {
  sparsity::ChunkShape shape;
  for (int r = rows.lo; r < rows.hi; ++r) shape.rows.push_back(r - m.blocks.lo);
  shape.col0 = cols.lo;
  shape.col1 = cols.hi;
  const network::Layer& kernel = plan_.kernel;
  const bool first = part == 0, last = part + 1 == plan_.tiling.ni;
  shape.by_channel = !ops::has_blocks(kernel);
  shape.taps = shape.by_channel ? channel_bytes(kernel) : kernel.window.taps();
  shape.bias = first && operator_of(kernel).bias;
  shape.multipliers = last && e_.network.layers[m.layer].scaling == network::Scaling::channel;
  shape.table = last ? static_cast<int>(layer_table_bytes(kernel)) : 0;
  return shape;
}

sparsity::ChunkSize LayerEmitter::size_of(const Member& m, const sparsity::ChunkShape& shape) const {
  const program::Program& program = e_.builder.program();
  const int mask = program.layers[m.layer].mask;
  return chunk_size(mask < 0 ? sparsity::KernelMask{} : program.masks[mask], shape);
}

int LayerEmitter::chunk_of(const Member& m, Span rows, Span cols, int part) {
  auto& chunks = e_.builder.program().chunks;
  const int owner = owner_of_weights(e_.network.layers[m.layer]);
  const auto [it, added] = e_.chunk_ids.try_emplace(
      {owner, rows.lo - m.blocks.lo, rows.hi - m.blocks.lo, cols.lo, cols.hi}, static_cast<int>(chunks.size()));
  if (!added) return it->second;
  program::ChunkPlace place;
  place.layer = static_cast<std::int16_t>(owner);
  place.shape = shape_of(m, rows, cols, part);
  place.size = size_of(m, place.shape);
  if (place.size.total() > 0) {
    place.shape.padding = place.size.padding = std::max<Bytes>(0, padded_chunk_ - place.size.total());
    place.ddr_address = e_.chunk_top;
    e_.chunk_top += place.size.total();
  }
  chunks.push_back(std::move(place));
  return it->second;
}

// Chunks that are equally long are moved by a descriptor that iterates, others by one each. They are made so where the
// zeros take less time from DDR than those descriptors would take a controller.
void LayerEmitter::choose_chunk_bytes() {
  const arch::ControllerSpec& c = e_.array.controller;
  if (c.mechanism == arch::ControlMechanism::none) return;
  const auto cycles = [&](arch::ControlKind kind) {
    return c.mechanism == arch::ControlMechanism::serial ? c.serial_ns(kind) * e_.array.clock_hz / 1e9
                                                         : c.packet_cycles(kind) / e_.array.cols;
  };
  // At the memory tile on the way in and out; the shim reads them as one.
  const double descriptors = 2 * cycles(arch::ControlKind::write_descriptor);
  const Span cols{0, ops::has_blocks(layer_) ? network::stored_channels(layer_.in.c) / 8 : 1};
  Bytes sum = 0, most = 0;
  std::int64_t count = 0;
  for (const CoreGroup& g : plan_.partition.weights)
    for (int o = 0; o < outs_; ++o)
      for (int i = 0; i < plan_.tiling.ni; ++i) {
        const Span rows = tile_b(plan_.partition.parts[g.parts[0]], {0, 0, o, i});
        if (rows.empty()) continue;
        const Member& m = member_of(rows);
        const Bytes bytes = size_of(m, shape_of(m, rows, split(cols, plan_.tiling.ni, i), i)).total();
        if (bytes == 0) continue;
        most = std::max(most, bytes);
        sum += bytes;
        ++count;
      }
  const double zeros = static_cast<double>(most * count - sum) / e_.array.ddr.read_bytes_per_cycle;
  if (zeros < descriptors * static_cast<double>(count)) padded_chunk_ = most;
}

void LayerEmitter::place_weights() {
  choose_chunk_bytes();
  const auto& groups = plan_.partition.weights;
  const int count = static_cast<int>(groups.size()), memtiles = e_.array.memtiles();
  for (auto& chunks : chunks_) chunks.resize(static_cast<std::size_t>(outs_) * plan_.tiling.ni);
  std::vector<std::vector<LoadedChunk*>> fetched(memtiles);  // in this order
  for (int o = 0; o < outs_; ++o)
    for (int i = 0; i < plan_.tiling.ni; ++i)
      for (int g = 0; g < count; ++g) {
        const CorePart& p = plan_.partition.parts[groups[g].parts[0]];
        const Span rows = tile_b(p, {0, 0, o, i});
        if (rows.empty()) continue;
        const int chunk = o * plan_.tiling.ni + i;
        LoadedChunk& c = chunks_[g][chunk];
        const Span cols{0, ops::has_blocks(layer_) ? network::stored_channels(layer_.in.c) / 8 : 1};
        c.chunk = chunk_of(member_of(rows), rows, split(cols, plan_.tiling.ni, i), i);
        c.layer = member_of(rows).layer;
        // A column's own cores are served from there. Other groups take several memory tiles in turns, so that all
        // columns load from DDR: their own ones if there are enough.
        const bool at_home = groups[g].column >= 0 && count > memtiles;
        const int own = std::max(1, memtiles / count);
        c.memtile = at_home ? home_memtile(p)
                    : count > memtiles
                        ? (g + chunk) % memtiles
                        : (g * own + chunk % own + (count < memtiles ? owner_of_weights(layer_) : 0)) % memtiles;
        fetched[c.memtile].push_back(&c);
      }
  if ((layer_.repeats >= 0 || plan_.rows.lo > 0) && find_kept_chunks()) return;
  std::vector<std::vector<Bytes>> sizes(memtiles);
  bool kept = true;
  for (int m = 0; m < memtiles; ++m) {
    for (const LoadedChunk* c : fetched[m]) sizes[m].push_back(e_.builder.program().chunks[c->chunk].size.total());
    for (Bytes b : sizes[m]) largest_chunk_ = std::max(largest_chunk_, b);
    e_.weights[m].open(e_.allocators[m].largest_gap());
    kept = kept && e_.weights[m].holds(sizes[m]);
  }
  for (int m = 0; m < memtiles && kept; ++m) {
    // Somebody has to write each descriptor, or the earliest prefetch is all that counts.
    const auto even = e_.array.controller.mechanism != arch::ControlMechanism::none
                          ? e_.weights[m].even_places(sizes[m])
                          : std::nullopt;
    const std::vector<std::int64_t> places = even ? *even : e_.weights[m].places(sizes[m]);
    for (std::size_t k = 0; k < places.size(); ++k) fetched[m][k]->address = places[k];
  }
}

// Chunks that the same layer of another image left where this one wants them are not brought again: all of them, or
// none.
bool LayerEmitter::find_kept_chunks() {
  std::vector<std::pair<LoadedChunk*, const LoadedChunk*>> found;
  for (std::size_t g = 0; g < chunks_.size(); ++g)
    for (std::size_t key = 0; key < chunks_[g].size(); ++key) {
      LoadedChunk& c = chunks_[g][key];
      const Bytes bytes = c.chunk < 0 ? 0 : e_.builder.program().chunks[c.chunk].size.total();
      if (bytes == 0) continue;
      const auto it = e_.kept_chunks.find(c.chunk);
      if (it == e_.kept_chunks.end() || it->second.memtile != c.memtile) return false;
      if (it->second.sender != chunk_channel(static_cast<int>(g), static_cast<std::int64_t>(key), c.memtile))
        return false;
      const std::int64_t lo = it->second.address, hi = lo + round_up(bytes, 32);
      const mapping::TileAllocator::Gap gap = e_.allocators[c.memtile].largest_gap();
      if (lo < gap.lo || hi > gap.hi || !e_.memory[e_.map().memory_tile(c.memtile)].holds(it->second.buffer, hi))
        return false;
      found.emplace_back(&c, &it->second);
    }
  for (const auto& [to, from] : found) {
    const network::LayerId layer = to->layer;
    *to = *from;
    to->layer = layer;
  }
  return true;
}

void LayerEmitter::keep_chunks() {
  for (const std::vector<LoadedChunk>& chunks : chunks_)
    for (const LoadedChunk& c : chunks)
      if (c.buffer && c.address >= 0) e_.kept_chunks[c.chunk] = c;
}

LoadedChunk& LayerEmitter::load_chunk(int group, const Step& s) {
  LoadedChunk& c = chunks_[group][static_cast<std::size_t>(s.o) * plan_.tiling.ni + s.i];
  if (c.buffer && c.address >= 0) return c;
  const program::ChunkPlace& place = e_.builder.program().chunks[c.chunk];
  const Bytes bytes = place.size.total();
  const bool controlled = e_.array.controller.mechanism != arch::ControlMechanism::none;
  const std::int64_t at = c.address >= 0 ? c.address
                          : controlled
                              ? e_.weights[c.memtile].ring(largest_chunk_, rounds_[c.memtile]++, plan_.channels.weights)
                              : e_.weights[c.memtile].turn(largest_chunk_);
  c.buffer = e_.memory[e_.map().memory_tile(c.memtile)].claim(at, at + round_up(bytes, 32));
  const int channel = e_.load_turns[c.memtile]++ % plan_.channels.loads;
  const program::EngineId shim =
      e_.map().shim_channel(e_.array.memtile_column(c.memtile), program::EngineKind::mm2s, channel);
  const program::EngineId sink = load_channel(c.memtile, channel);
  program::Transfer out;
  out.route = e_.builder.route(shim, {sink});
  out.layer = static_cast<std::int16_t>(c.layer);
  out.payload = program::Payload::weights;
  out.access = program::linear(place.ddr_address, bytes);
  program::Transfer in = out;
  in.memory = e_.map().memory_tile(c.memtile);
  in.access = program::linear(at, bytes);
  e_.transfer(shim, out, {});
  WaitSet waits = c.buffer->before;
  const program::EngineId send = chunk_channel(group, std::int64_t{s.o} * plan_.tiling.ni + s.i, c.memtile);
  c.sender = send;
  ChunkLock& lock = e_.chunk_lock(c.memtile, sink, send);
  c.lock = lock.lock < 0 ? nullptr : &lock;
  if (c.lock != nullptr) {
    in.release = {lock.lock, 1};
    // No more chunks than the lock counts.
    c.number = ++lock.brought;
    const int before = c.number - 1 - e_.array.memtile.locks.max_value;
    if (before >= 0) waits.add(send, lock.sent[before]);
  }
  const int task = e_.transfer(sink, in, waits);
  if (c.lock == nullptr) c.buffer->users.add(sink, task);
  c.loaded = {sink, task};
  return c;
}

// Of a memory tile, the one that sends the chunk to the group's cores: of the groups that are served from there, each
// has its own; if they are more than the channels, each takes another one for every chunk.
program::EngineId LayerEmitter::chunk_channel(int group, std::int64_t key, int memtile) const {
  const CoreGroup& g = plan_.partition.weights[group];
  const int outbound = e_.array.memtile.dma.mm2s, memtiles = e_.array.memtiles();
  const auto groups = static_cast<int>(plan_.partition.weights.size());
  const bool at_home = g.column >= 0 && groups > memtiles;
  const int local = at_home ? g.lane / e_.array.memtile_rows : group / memtiles;
  const int served =
      static_cast<int>(at_home ? ceil_div(e_.array.rows, e_.array.memtile_rows) : ceil_div(groups, memtiles));
  const std::int64_t turn = served > plan_.channels.weights ? key * served : 0;
  return e_.map().mem_channel(memtile, program::EngineKind::mm2s,
                              outbound - 1 - static_cast<int>((local + turn) % plan_.channels.weights));
}

void LayerEmitter::emit_weights(int group, const Step& s) {
  const std::int64_t key = std::int64_t{s.o} * plan_.tiling.ni + s.i;
  if (key == weights_key_[group]) return;
  weights_key_[group] = key;
  weights_sent_[group] = false;
  const CoreGroup& g = plan_.partition.weights[group];
  const LoadedChunk& slot = chunks_[group][static_cast<std::size_t>(key)];
  if (slot.chunk < 0 || e_.builder.program().chunks[slot.chunk].size.total() == 0) return;
  const LoadedChunk& c = load_chunk(group, s);
  weights_sent_[group] = true;
  std::vector<program::EngineId> sinks;
  for (int part : g.parts) {
    const CorePart& p = plan_.partition.parts[part];
    sinks.push_back(e_.map().tile_channel(p.row, p.col, program::EngineKind::s2mm, 1));
  }
  const program::EngineId source = chunk_channel(group, key, c.memtile);
  const Bytes bytes = e_.builder.program().chunks[c.chunk].size.total();
  e_.weights[c.memtile].used(c.buffer->address, c.buffer->address + round_up(bytes, 32));
  program::Transfer out;
  out.route = e_.builder.route(source, sinks);
  out.layer = static_cast<std::int16_t>(c.layer);
  out.payload = program::Payload::weights;
  out.memory = e_.map().memory_tile(c.memtile);
  out.access = program::linear(c.buffer->address, bytes);
  WaitSet loaded;
  const bool first = c.lock != nullptr && c.lock->sent.size() < static_cast<std::size_t>(c.number);
  if (c.lock == nullptr) loaded.add(c.loaded.engine, c.loaded.tasks);
  if (first) out.acquire = {c.lock->lock, 1};
  const int task = e_.transfer(source, out, loaded);
  if (first) c.lock->sent.push_back(task);
  c.buffer->users.add(source, task);
  for (std::size_t i = 0; i < g.parts.size(); ++i) {
    const CorePart& p = plan_.partition.parts[g.parts[i]];
    const auto& slots = slots_[g.parts[i]].weights;
    Buffer& buffer = *slots[weights_count_[group] % slots.size()];
    program::Transfer in = out;
    in.memory = e_.map().compute_tile(p.row, p.col);
    in.access = program::linear(buffer.address, bytes);
    in.acquire = {static_cast<std::int16_t>(weights_lock()), 1};
    in.release = {static_cast<std::int16_t>(weights_lock() + 1), 1};
    const program::EngineId sink = e_.map().tile_channel(p.row, p.col, program::EngineKind::s2mm, 1);
    buffer.users.add(sink, e_.transfer(sink, in, buffer.before));
  }
  ++weights_count_[group];
}

}  // namespace tessera::lower
