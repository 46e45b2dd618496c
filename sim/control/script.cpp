#include "sim/control/script.h"

#include <algorithm>

namespace tessera::control {
namespace {

using program::EngineId;

Act act_of(const program::Transfer& t) {
  return {t.access.stream_bytes(), t.wait0, t.wait_count, t.acquire, t.release, t.route};
}

Act act_of(const program::CoreInstr& c, const std::vector<Millicycles>& durations) {
  Act act;
  act.wait0 = c.wait0;
  act.wait_count = c.wait_count;
  if (c.op == program::CoreOp::acquire) act.acquire = c.lock;
  if (c.op == program::CoreOp::release) act.release = c.lock;
  if (c.op == program::CoreOp::kernel) {
    act.size = durations[static_cast<std::size_t>(c.call)];
    act.route = Act::call;
  }
  return act;
}

double rate_of(const program::Route& route, const program::EngineMap& map, const arch::ArraySpec& a) {
  const double rate = a.stream.bytes_per_cycle;
  if (map.info(route.source).tile_kind != program::TileKind::shim) return rate;
  return std::min(rate, a.ddr.read_bytes_per_cycle / (a.cols * a.shim.dma.mm2s));
}

}  // namespace

Script::Script(const program::Program& p, const arch::ArraySpec& array, const std::vector<Millicycles>& durations)
    : program(p),
      map(array),
      acts(p.engines.size()),
      marks(p.engines.size()),
      locks_of_tile(std::max({array.tile.locks.count, array.memtile.locks.count, array.shim.locks.count})) {
  for (const program::Route& route : p.routes) rates.push_back(rate_of(route, map, array));
  for (std::size_t e = 0; e < acts.size(); ++e) {
    const program::EngineProgram& engine = p.engines[e];
    order.push_back(program::execution_order(engine.steps));
    const std::vector<std::int32_t>& list = order.back();
    acts[e].reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (engine.transfers.empty()) {
        acts[e].push_back(act_of(engine.core[list[i]], durations));
        continue;
      }
      acts[e].push_back(act_of(engine.transfers[list[i]]));
      if (i + 1 == list.size() || engine.transfers[list[i]].layer != engine.transfers[list[i + 1]].layer)
        marks[e].push_back(static_cast<std::int32_t>(i + 1));
    }
    for (const program::CoreInstr& c : engine.core) mark(c.wait0, c.wait_count);
    for (const program::Transfer& t : engine.transfers) mark(t.wait0, t.wait_count);
  }
  for (std::vector<std::int32_t>& list : marks) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
}

void Script::mark(std::uint32_t wait0, std::uint32_t wait_count) {
  for (std::uint32_t w = wait0; w < wait0 + wait_count; ++w)
    if (program.waits[w].tasks > 0) marks[program.waits[w].engine].push_back(program.waits[w].tasks);
}

}  // namespace tessera::control
