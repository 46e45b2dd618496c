#include "sim/run/control_cost.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "sim/program/executions.h"
#include "sim/program/registers.h"
#include "sim/run/routing.h"

namespace tessera::run {
namespace {

std::int64_t held_by(program::TileKind kind, const arch::ArraySpec& array) {
  return kind == program::TileKind::compute  ? array.tile.dma.descriptors
         : kind == program::TileKind::memory ? array.memtile.dma.descriptors
                                             : array.shim.dma.descriptors;
}

using Distinct = std::unordered_set<program::Registers, program::HashOfRegisters>;  // only counted

double us_of(const program::ControlOp& op, program::TileKind controller, const arch::ArraySpec& array) {
  const arch::ControllerSpec& spec = array.controller;
  if (controller == program::TileKind::compute) return spec.core_cycles(op.kind) / array.clock_hz * 1e6;
  if (spec.mechanism == arch::ControlMechanism::serial) {
    const bool taken = op.kind == arch::ControlKind::await_token && spec.interrupt_ns > 0;  // its token may be
    const double ns = spec.serial_ns(op.kind, op.words);
    return (taken ? std::min(spec.operation_ns, ns) : ns) / 1e3;
  }
  return spec.packet_cycles(op.kind, op.words) / array.clock_hz * 1e6;
}
}  // namespace

result::ControlWork control_cost(const program::Program& program, const arch::ArraySpec& array) {
  const program::EngineMap map(array);
  result::ControlWork cost;
  std::array<std::int64_t, 3> by_tile{};  // operations, by TileKind
  std::int64_t by_cores = 0, switches = 0, registers = 0;
  std::vector<Distinct> tiles(static_cast<std::size_t>(map.tile_count()));
  for (program::EngineId e = 0; e < map.count(); ++e) {
    const program::EngineProgram& engine = program.engines[static_cast<std::size_t>(e)];
    if (map.info(e).kind == program::EngineKind::controller) {
      double us = 0;
      const bool core = map.info(e).tile_kind == program::TileKind::compute;
      for (const program::ControlOp& op : engine.control) {
        us += us_of(op, map.info(e).tile_kind, array);
        if (op.kind == program::ControlKind::write_switch || op.channel >= map.first_controller()) {
          ++switches;
          registers += op.words;
          continue;
        }
        ++(core ? by_cores : by_tile[static_cast<std::size_t>(map.info(op.channel).tile_kind)]);
      }
      cost.bound_us = std::max(cost.bound_us.value_or(0), us);
    }
    if (engine.transfers.empty()) continue;
    for (const std::int64_t times : program::executions(engine)) cost.transfers += times;
    for (const program::Transfer& t : engine.transfers)
      tiles[static_cast<std::size_t>(map.info(e).tile)].insert(registers_of(t, true));
  }
  for (program::TileId tile = 0; tile < map.tile_count(); ++tile) {
    const auto count = static_cast<std::int64_t>(tiles[static_cast<std::size_t>(tile)].size());
    cost.descriptors += count;
    cost.written += std::max<std::int64_t>(0, count - held_by(map.tile_kind(tile), array));
  }
  if (map.controllers() > 0) {
    cost.operations = by_tile[0] + by_tile[1] + by_tile[2] + switches;
    cost.switch_operations = switches;
    cost.switch_registers = registers;
    cost.compute_tile_operations = by_tile[0];
    cost.memory_tile_operations = by_tile[1];
    cost.shim_operations = by_tile[2];
  }
  if (array.controller.of_cores()) cost.core_operations = by_cores;
  if (array.controller.operation_ns > 0)
    cost.serial_us = static_cast<double>(cost.written) * array.controller.operation_ns / 1e3;
  return cost;
}

void add_layer_control(result::DensityResult& density, const program::Program& program, const arch::ArraySpec& array) {
  const program::EngineMap map(array);
  if (map.controllers() == 0) return;
  result::LayerControl nothing;
  if (array.controller.of_cores()) nothing.core_operations = 0;
  std::vector<result::LayerControl> work(program.layers.size(), nothing);
  for (program::EngineId e = map.first_controller(); e < map.count(); ++e)
    for (const program::ControlOp& op : program.engines[static_cast<std::size_t>(e)].control) {
      if (op.layer < 0) continue;
      result::LayerControl& layer = work[static_cast<std::size_t>(op.layer)];
      if (map.info(e).tile_kind == program::TileKind::compute) {
        ++*layer.core_operations;
        continue;
      }
      ++layer.operations;
      layer.descriptors += op.kind == program::ControlKind::write_descriptor ? 1 : 0;
      layer.us += us_of(op, map.info(e).tile_kind, array);
    }
  // Layers of the result are the computed ones, in the network's order.
  std::size_t at = 0;
  for (const program::ProgramLayer& placed : program.layers)
    if (ops::is_computed(placed.layer)) density.layers[at++].control = work[static_cast<std::size_t>(placed.layer.id)];
}

std::vector<double> control_cycles(const program::Program& program, const arch::ArraySpec& array) {
  const program::EngineMap map(array);
  std::vector<double> most(program.layers.size(), 0);
  for (program::EngineId e = map.first_controller(); map.controllers() > 0 && e < map.count(); ++e) {
    std::vector<double> own(most.size(), 0);
    for (const program::ControlOp& op : program.engines[static_cast<std::size_t>(e)].control)
      if (op.layer >= 0) own[static_cast<std::size_t>(op.layer)] += us_of(op, map.info(e).tile_kind, array);
    for (std::size_t k = 0; k < most.size(); ++k) most[k] = std::max(most[k], own[k] * array.clock_hz / 1e6);
  }
  return most;
}

void add_serial_estimate(result::ControlWork& work, const program::Program& program, const arch::ArraySpec& array,
                         const std::vector<Millicycles>& durations) {
  if (array.controller.mechanism != arch::ControlMechanism::none || array.controller.operation_ns <= 0) return;
  arch::ArraySpec other = array;
  other.controller.mechanism = arch::ControlMechanism::serial;
  program::Program copy = program;
  copy.engines.resize(static_cast<std::size_t>(program::EngineMap(other).count()));
  const Expected<program::Program> lowered = with_controllers(std::move(copy), other, durations);
  if (!lowered) return;
  const result::ControlWork cost = control_cost(*lowered, other);
  work.serial_operations = cost.operations;
  work.serial_bound_us = cost.bound_us;
}

}  // namespace tessera::run
