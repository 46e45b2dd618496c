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

// `objects` of 256 B, each in two halves from two channels of the memory tile, end to end in one of eight buffers of
// the core, as soon as both have arrived there, the second after the first.
inline program::Program halves(const arch::ArraySpec& array, int objects) {
  Device d(array);
  using program::EngineKind;
  const program::EngineMap& map = d.build.map();
  const program::EngineId shim[2] = {map.shim_channel(0, EngineKind::mm2s, 0),
                                     map.shim_channel(0, EngineKind::mm2s, 1)},
                          in[2] = {d.mem_in(0), d.mem_in(1)}, out[2] = {d.mem_out(0), d.mem_out(1)},
                          tile = d.tile_in(0, 0), core = d.core(0, 0);
  d.build.lock(0, 0, 1, program::LockRole::input_empty);
  d.build.lock(0, 1, 0, program::LockRole::input_full);
  d.build.program().tensors = false;
  d.build.program().ddr_bytes = 1 << 16;
  int arrived[2];
  for (int i = 0; i < objects; ++i) {
    for (int k = 0; k < 2; ++k) {
      d.build.transfer(shim[k], d.on(shim[k], shim[k], {in[k]}, program::linear(512 * i + 128 * k, 128)));
      const std::vector<program::Wait> before =
          k == 0 ? std::vector<program::Wait>{} : std::vector<program::Wait>{{in[0], arrived[0]}};
      arrived[k] =
          d.build.transfer(in[k], d.on(in[k], shim[k], {in[k]}, program::linear(256 * i + 128 * k, 128)), before);
    }
    for (int k = 0; k < 2; ++k) {
      d.build.transfer(out[k], d.on(out[k], out[k], {tile}, program::linear(256 * i + 128 * k, 128)),
                       {{in[0], arrived[0]}, {in[1], arrived[1]}});
      program::Transfer t = d.on(tile, out[k], {tile}, program::linear(i % 8 * 256 + 128 * k, 128));
      if (k == 0) t.acquire = {0, 1};
      if (k == 1) t.release = {1, 1};
      d.build.transfer(tile, t);
    }
    d.build.acquire(core, 1, 1, -1);
    d.busy(core, 50);
    d.build.release(core, 0, 1, -1);
  }
  return d.build.finish();
}

// `objects` of 256 and 128 B in turn that stand end to end in host memory, as weights do, each to its own place in the
// memory tile of its column, by one channel or the first half by one and the second by another; from there nobody takes
// them. The same in the other column.
inline program::Program packed(const arch::ArraySpec& array, int objects, int channels = 1) {
  Device d(array);
  d.build.program().tensors = false;
  d.build.program().ddr_bytes = 1 << 16;
  for (int column = 0; column < 2; ++column) {
    const program::EngineId shim = d.shim_out(column);
    std::int64_t base = column << 15;
    for (int i = 0; i < objects; ++i) {
      const program::EngineId in = d.mem_in(column, i * channels / objects);
      const Bytes bytes = i % 2 == 0 ? 256 : 128;
      d.build.transfer(shim, d.on(shim, shim, {in}, program::linear(base, bytes)));
      d.build.transfer(in, d.on(in, shim, {in}, program::linear(512 * i, bytes)));
      base += bytes;
    }
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
