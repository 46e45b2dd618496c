#include "sim/run/control_cost.h"

#include <algorithm>
#include <array>
#include <set>

#include "sim/run/executions.h"

namespace tessera::run {
namespace {

// What the registers of a descriptor hold; two transfers of a tile that agree in it can share one.
using Registers = std::array<std::int64_t, 24>;

Registers registers_of(const program::Transfer& t) {
  Registers r{};
  std::size_t i = 0;
  for (const std::int64_t v : {t.access.base, std::int64_t{t.access.rank}, std::int64_t{t.memory},
                               std::int64_t{t.route}, std::int64_t{t.acquire.lock}, std::int64_t{t.acquire.value},
                               std::int64_t{t.release.lock}, std::int64_t{t.release.value}})
    r[i++] = v;
  for (const program::AccessDim& d : t.access.dims)
    for (const std::int64_t v :
         {std::int64_t{d.count}, std::int64_t{d.step}, std::int64_t{d.pad_before}, std::int64_t{d.pad_after}})
      r[i++] = v;
  return r;
}

std::int64_t held_by(program::TileKind kind, const arch::ArraySpec& array) {
  return kind == program::TileKind::compute  ? array.tile.dma.descriptors
         : kind == program::TileKind::memory ? array.memtile.dma.descriptors
                                             : array.shim.dma.descriptors;
}
}  // namespace

result::ControlWork control_cost(const program::Program& program, const arch::ArraySpec& array) {
  const program::EngineMap map(array);
  result::ControlWork cost;
  std::vector<std::set<Registers>> tiles(static_cast<std::size_t>(map.tile_count()));
  for (program::EngineId e = 0; e < map.count(); ++e) {
    const program::EngineProgram& engine = program.engines[static_cast<std::size_t>(e)];
    if (engine.transfers.empty()) continue;
    for (const std::int64_t times : executions(engine)) cost.transfers += times;
    for (const program::Transfer& t : engine.transfers)
      tiles[static_cast<std::size_t>(map.info(e).tile)].insert(registers_of(t));
  }
  for (program::TileId tile = 0; tile < map.tile_count(); ++tile) {
    const auto count = static_cast<std::int64_t>(tiles[static_cast<std::size_t>(tile)].size());
    cost.descriptors += count;
    cost.written += std::max<std::int64_t>(0, count - held_by(map.tile_kind(tile), array));
  }
  if (array.controller.operation_ns > 0)
    cost.serial_us = static_cast<double>(cost.written) * array.controller.operation_ns / 1e3;
  return cost;
}

}  // namespace tessera::run
