// Staging of LayerEmitter: slots in memory tiles through which activations from and to DDR pass.
#include <map>
#include <utility>
#include <vector>

#include "sim/lower/layer_emitter.h"

namespace tessera::lower {

// Of the memory tile, the one that fills the staging for the `turn`-th time; always the same where locks count.
program::EngineId LayerEmitter::load_channel(const Staging& st, int turn) const {
  return load_channel(st.memtile, (st.locks.full < 0 ? turn : 0) % plan_.channels.loads);
}

program::EngineId LayerEmitter::load_channel(int memtile, int channel) const {
  return e_.map().mem_channel(memtile, program::EngineKind::s2mm, e_.array.memtile.dma.s2mm - 1 - channel);
}

program::EngineId LayerEmitter::spill_channel(int part) const {
  const int lane = plan_.partition.parts[part].row % plan_.channels.spills;
  return e_.map().mem_channel(output_staging_[part].memtile, program::EngineKind::mm2s, plan_.first_spill + lane);
}

// Locks for stagings that one channel fills and one empties. Of a staging whose tiles are sent several times, the last
// one gives the slot back: two of them on one pair of channels would give back each other's.
void LayerEmitter::lock_staging() {
  std::map<std::pair<program::EngineId, program::EngineId>, std::vector<Staging*>> pairs;
  for (std::size_t g = 0; g < input_staging_.size(); ++g) {
    Staging& st = input_staging_[g];
    const CoreGroup& group = plan_.partition.acts[g];
    const auto channel = [&](int turn) { return act_channel(st.memtile, group.lane, turn, group.column); };
    if (channel(0) == channel(1)) pairs[{load_channel(st, 0), channel(0)}].push_back(&st);
  }
  for (std::size_t k = 0; k < operand_staging_.size(); ++k) {
    Staging& st = operand_staging_[k];
    const int lane = plan_.partition.seconds[k].lane;
    pairs[{load_channel(st, 0), act_channel(st.memtile, lane, 0, foreign)}].push_back(&st);
  }
  for (const auto& [channels, list] : pairs)
    if (list.size() == 1) list[0]->locks = e_.buffer_locks(list[0]->memtile, channels.first, channels.second);
  for (std::size_t k = 0; k < output_staging_.size(); ++k) {
    Staging& st = output_staging_[k];
    const int part = static_cast<int>(k);
    if (even_results() || e_.array.rows <= plan_.channels.results)
      st.locks = e_.buffer_locks(st.memtile, result_sink(part, st.memtile), spill_channel(part));
  }
}

void LayerEmitter::give_back(Staging& st) {
  if (st.locks.full < 0 || st.last_sent.tasks == 0) return;
  auto& transfers = e_.builder.program().engines[st.last_sent.engine].transfers;
  transfers[static_cast<std::size_t>(st.last_sent.tasks) - 1].release = {st.locks.empty, 1};
}

void LayerEmitter::load_staging(Staging& st, network::LayerId tensor, int key, Span h, Span w, Span c) {
  Placement& placement = e_.placement(tensor);
  give_back(st);
  st.acquired = false;
  const bool locked = st.locks.full >= 0;
  Buffer& slot = *st.slots[st.used++ % 2];
  const int column = e_.array.memtile_column(st.memtile);
  const Segment all = segments_of(placement, h, w).front();
  const program::EngineId sink = load_channel(st, e_.load_turns[st.memtile]++);
  const program::EngineId shim = e_.map().shim_channel(column, program::EngineKind::mm2s,
                                                       e_.array.memtile.dma.s2mm - 1 - e_.map().info(sink).channel);
  program::Transfer out;
  out.route = e_.builder.route(shim, {sink});
  out.layer = static_cast<std::int16_t>(layer_.id);
  out.payload = program::Payload::activations;
  out.tensor = static_cast<std::int16_t>(tensor);
  out.region = {h.lo, h.hi, w.lo, w.hi, c.lo, c.hi};
  out.access = segment_access(all, e_.aliases[tensor].c0 + c.lo, c.size());
  program::Transfer in = out;
  in.memory = e_.map().memory_tile(st.memtile);
  in.access = program::linear(slot.address, out.access.stream_bytes());
  const int c0 = e_.aliases[tensor].c0;
  WaitSet waits = slot.before;
  if (locked) {
    in.acquire = {st.locks.empty, 1};
    in.release = {st.locks.full, 1};
  } else {
    waits.add(slot.users);
  }
  const auto tasks = e_.stream({shim, out, writers_of(*all.piece, h, w, {c0 + c.lo, c0 + c.hi})}, {{sink, in, waits}});
  const int task = tasks[1];
  all.piece->buffer->users.add(shim, tasks[0]);
  slot.users.clear();
  slot.users.add(sink, task);
  st.written = {sink, task};
  st.key = key;
  st.h = h;
  st.w = w;
  st.c = c;
}

void LayerEmitter::spill_output(const Outgoing& o) {
  const CorePart& p = plan_.partition.parts[o.part];
  Staging& st = output_staging_[o.part];
  Buffer& stage = *st.slots[st.used++ % 2];
  const program::EngineId source = e_.map().tile_channel(p.row, p.col, program::EngineKind::mm2s, 0);
  const program::EngineId sink = result_sink(o.part, st.memtile);
  program::Transfer out = from_core(o, o.h, o.w, sink);
  out.access = program::linear(o.slot.address, std::int64_t{o.h.size()} * o.w.size() * o.c.size());
  program::Transfer in = out;
  out.acquire = {core_locks::output + 1, 1};
  out.release = {core_locks::output, 1};
  in.memory = e_.map().memory_tile(st.memtile);
  in.access = program::linear(stage.address, out.access.stream_bytes());
  const bool locked = st.locks.full >= 0;
  WaitSet waits = stage.before, written;
  if (locked) {
    in.acquire = {st.locks.empty, 1};
    in.release = {st.locks.full, 1};
  } else {
    waits.add(stage.users);
  }
  const std::vector<int> up_tasks = e_.stream({source, out, {}}, {{sink, in, waits}});
  o.slot.users.add(source, up_tasks[0]);
  const program::Wait filled{sink, up_tasks[1]};
  if (!locked) written.add(filled.engine, filled.tasks);
  const program::EngineId up = spill_channel(o.part);
  const int column = e_.array.memtile_column(st.memtile);
  const program::EngineId shim =
      e_.map().shim_channel(column, program::EngineKind::s2mm, p.row % e_.array.shim.dma.s2mm);
  program::Transfer read = in;
  std::swap(read.acquire, read.release);
  read.route = e_.builder.route(up, {shim});
  const Segment segment = segments_of(e_.placement(o.member.target), o.h, o.w).front();
  program::Transfer write = read;
  write.acquire = write.release = {};
  write.payload = program::Payload::result;
  write.access = segment_access(segment, o.c.lo, o.c.size());
  stage.users.clear();
  stage.users.add(filled.engine, filled.tasks);
  const std::vector<int> tasks = e_.stream({up, read, written}, {{shim, write, segment.piece->buffer->before}});
  stage.users.add(up, tasks[0]);
  segment.piece->buffer->users.add(shim, tasks[1]);
  segment.piece->writers.push_back({o.h, o.w, o.c, {shim, tasks[1]}});
}

}  // namespace tessera::lower
