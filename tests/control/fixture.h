// A program that a controller starts: objects pass from host memory to a memory tile and on to a core.
#pragma once
#include "sim/control/lower.h"
#include "sim/verify/verify.h"
#include "tests/models/device.h"

namespace tessera {

inline arch::ArraySpec controlled_array(arch::ControlMechanism mechanism) {
  arch::ArraySpec array = bare_array();
  array.controller.mechanism = mechanism;
  array.controller.operation_ns = 100;
  return array;
}

// `objects` of 256 B: shim -> memory tile, each to its own place; from there to the core, through two buffers.
inline program::Program relay(const arch::ArraySpec& array, int objects) {
  Device d(array);
  const program::EngineId shim = d.build.map().shim_channel(0, program::EngineKind::mm2s, 0), in = d.mem_in(0),
                          out = d.mem_out(0), tile = d.tile_in(0, 0), core = d.core(0, 0);
  d.build.lock(0, 0, 2, program::LockRole::input_empty);
  d.build.lock(0, 1, 0, program::LockRole::input_full);
  d.build.program().tensors = false;
  d.build.program().ddr_bytes = 1 << 16;
  for (int i = 0; i < objects; ++i) {
    d.build.transfer(shim, d.on(shim, shim, {in}, program::linear(512 * i, 256)));
    const int arrived = d.build.transfer(in, d.on(in, shim, {in}, program::linear(256 * i, 256)));
    d.build.transfer(out, d.on(out, out, {tile}, program::linear(256 * i, 256)), {{in, arrived}});
    program::Transfer t = d.on(tile, out, {tile}, program::linear(i % 2 * 256, 256));
    t.acquire = {0, 1};
    t.release = {1, 1};
    d.build.transfer(tile, t);
    d.build.acquire(core, 1, 1, -1);
    d.busy(core, 50);
    d.build.release(core, 0, 1, -1);
  }
  return d.build.finish();
}

inline std::vector<Millicycles> durations_of(const program::Program& program) {
  return std::vector<Millicycles>(program.calls.size(), 50 * millicycles_per_cycle);
}

inline std::string objection(const program::Program& program, const arch::ArraySpec& array) {
  const std::optional<Failure> wrong = verify::verify(program, array);
  return wrong ? describe(*wrong) : "";
}

}  // namespace tessera
