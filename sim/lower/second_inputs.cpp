// Second inputs of LayerEmitter: what is added element by element, and second factors of products, which are sent to
// all cores of a group at once and kept as long as the next step needs the same.
#include "sim/lower/layer_emitter.h"

namespace tessera::lower {

// What the cores of a group hold of the second input at a step, or nothing. All cores of a group read the same, also
// those that have no rows at this step.
std::optional<program::Region> LayerEmitter::second_read(int group, const Step& s) const {
  if (plan_.operand < 0 || (!product_ && s.i + 1 < plan_.tiling.ni)) return std::nullopt;
  for (const int k : plan_.partition.seconds[group].parts) {
    const CorePart& p = plan_.partition.parts[k];
    if (empty_tile(p, s) || tile_b(p, s).empty()) continue;
    const program::Region tile = tile_of(p, s);
    if (plan_.add >= 0) return tile;
    if (!product_ || plan_.tiling.ni == 1) return reads(layer_, 1, tile);
    const program::KernelCall call = kernel_call(p, s);
    return reads_of_part(layer_, 1, tile, call.ic0, call.in_c);
  }
  return std::nullopt;
}

// Whether what is there for step `a` serves for step `b` too.
bool LayerEmitter::keeps_second(int group, const Step& a, const Step* b) const {
  if (!product_ || b == nullptr) return false;
  const auto now = second_read(group, a), then = second_read(group, *b);
  return now && then && now->h0 == then->h0 && now->h1 == then->h1 && now->c0 == then->c0 && now->c1 == then->c1;
}

void LayerEmitter::emit_second(int group, const Step& s, const Step* before) {
  const auto read = second_read(group, s);
  if (!read || (before != nullptr && keeps_second(group, *before, &s))) return;
  const CoreGroup& g = plan_.partition.seconds[group];
  Feed f;
  f.windows = {window_of(*read, plan_.add < 0 ? layer_.second : layer_.out)};
  f.columns = f.windows[0].w.size();
  f.tensor = plan_.operand;
  f.c = {read->c0, read->c1};
  f.parts = g.parts;
  f.port = plan_.buffers.inbound.operand_first ? 0 : 1;
  f.lock = core_locks::operand;
  f.lane = g.lane;
  f.home_column = foreign;
  Staging* staging = operand_staging_.empty() ? nullptr : &operand_staging_[group];
  int& count = second_count_[group];
  f.sources = sources(f, staging, count, f.c);
  for (const int part : g.parts) {
    const std::vector<BufferRef>& slots = slots_[part].operand;
    f.slots.push_back(slots[static_cast<std::size_t>(count) % slots.size()]);
  }
  ++count;
  feed(f, 0, f.sources.size());
}

// A core takes what has come for the step, and gives it back when the next one needs something else.
void LayerEmitter::take_second(int part, const Step& s, int layer) {
  const CorePart& p = plan_.partition.parts[part];
  CoreSlots& slots = slots_[part];
  if (slots.holds_second || !second_read(p.second, s)) return;
  e_.builder.acquire(core(p), core_locks::operand + 1, 1, layer);
  slots.holds_second = true;
}

void LayerEmitter::leave_second(int part, const Step& s, const Step* next, int layer) {
  const CorePart& p = plan_.partition.parts[part];
  CoreSlots& slots = slots_[part];
  if (!slots.holds_second || keeps_second(p.second, s, next)) return;
  e_.builder.release(core(p), core_locks::operand, 1, layer);
  slots.holds_second = false;
}

}  // namespace tessera::lower
