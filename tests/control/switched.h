// A program whose switches are written between two layers: one link leads up from each memory tile, and there are no
// packets, so that the channel of the second layer takes it from that of the first. With controllers for each column.
#pragma once
#include "sim/program/hash.h"
#include "sim/program/text.h"
#include "sim/route/switch_writes.h"
#include "tests/control/fixture.h"

namespace tessera {

inline arch::ArraySpec narrow_array(arch::ControlMechanism mechanism) {
  arch::ArraySpec array = controlled_array(mechanism);
  array.stream.memtile.north = 1;
  array.stream.shim.east = array.stream.shim.west = 0;
  array.stream.arbiters = 0;
  return array;
}

// In each layer `objects` of 256 B go from host memory through mem(0,0) to the core of tile(0,1), one column further
// on: in the first from channel 0 to channel 0, in the second from channel 1 to channel 1.
inline program::Program two_layers(const arch::ArraySpec& array, int objects) {
  using program::EngineId;
  Device d(array);
  const EngineId shim = d.build.map().shim_channel(0, program::EngineKind::mm2s, 0), in = d.mem_in(0);
  d.build.program().tensors = false;
  d.build.program().ddr_bytes = 1 << 16;
  for (int layer = 0; layer < 2; ++layer) {
    d.build.lock(d.build.map().compute_tile(0, 1), 2 * layer, 2, program::LockRole::input_empty);
    d.build.lock(d.build.map().compute_tile(0, 1), 2 * layer + 1, 0, program::LockRole::input_full);
  }
  const auto send = [&](program::Transfer t, int layer) {
    t.layer = static_cast<std::int16_t>(layer);
    return t;
  };
  for (int layer = 0; layer < 2; ++layer) {
    const EngineId out = d.mem_out(0, layer), tile = d.tile_in(0, 1, layer), core = d.core(0, 1);
    const int empty = 2 * layer, full = 2 * layer + 1;
    for (int i = 0; i < objects; ++i) {
      d.build.transfer(shim, send(d.on(shim, shim, {in}, program::linear(512 * i, 256)), layer));
      const program::Access place = program::linear(256 * (layer * objects + i), 256);
      const int arrived = d.build.transfer(in, send(d.on(in, shim, {in}, place), layer));
      d.build.transfer(out, send(d.on(out, out, {tile}, place), layer), {{in, arrived}});
      program::Transfer t = send(d.on(tile, out, {tile}, program::linear((2 * layer + i % 2) * 256, 256)), layer);
      t.acquire = {static_cast<std::int16_t>(empty), 1};
      t.release = {static_cast<std::int16_t>(full), 1};
      d.build.transfer(tile, t);
      d.build.acquire(core, full, 1, layer);
      d.busy(core, 50);
      d.build.program().engines[static_cast<std::size_t>(core)].core.back().layer = static_cast<std::int16_t>(layer);
      d.build.release(core, empty, 1, layer);
    }
  }
  return d.build.finish();
}

inline std::vector<program::SwitchWrite> writes_of(const program::Program& program, const arch::ArraySpec& array) {
  const program::EngineMap map(array);
  const route::Device device(array, map);
  return route::switch_writes(program, device, route::plan_routes(program, device));
}

inline Expected<program::Program> controlled(const program::Program& program, const arch::ArraySpec& array) {
  return control::lower(program, array, durations_of(program), writes_of(program, array));
}

}  // namespace tessera
