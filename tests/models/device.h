// A small array to drive by hand: append descriptors, lock operations and calls, run until idle, look at when what
// happened. Every run is a forked child, since the SystemC kernel can be used once per process.
#pragma once
#include <string>
#include <vector>

#include "sim/exec/backend.h"
#include "sim/program/builder.h"

namespace tessera {

struct Slice {
  int engine, layer;
  std::string what;
  Millicycles begin, end;
};

struct Outcome {
  ExitCode code = ExitCode::ok;
  std::vector<Problem> problems;  // of a run that failed
  exec::SimResult result;
  std::vector<Slice> slices;  // in order of completion

  std::vector<Slice> of(program::EngineId engine) const;
  Cycles end(program::EngineId engine, std::size_t n) const;  // of the n-th task, in whole cycles; -1: there is none
  Cycles begin(program::EngineId engine, std::size_t n) const;
  bool says(const std::string& text) const;  // some problem or functional error contains it
  Millicycles time(program::EngineId engine, exec::Cause cause) const {
    return result.engines[static_cast<std::size_t>(engine)][static_cast<std::size_t>(cause)];
  }
};

// An array of 2x2 compute tiles with no fixed costs: 4 B/cycle channels and streams, wide host memory.
arch::ArraySpec bare_array(int rows = 2, int cols = 2);

class Device {
 public:
  explicit Device(const arch::ArraySpec& spec = bare_array()) : array(spec), build(spec) {}

  arch::ArraySpec array;
  program::ProgramBuilder build;
  std::vector<Millicycles> durations;  // of the calls, in the order they are made
  exec::SimOptions options;
  exec::DdrImage image;

  program::EngineId core(int r, int c) const { return build.map().core(r, c); }
  program::EngineId tile_in(int r, int c, int ch = 0) const {
    return build.map().tile_channel(r, c, program::EngineKind::s2mm, ch);
  }
  program::EngineId tile_out(int r, int c, int ch = 0) const {
    return build.map().tile_channel(r, c, program::EngineKind::mm2s, ch);
  }
  program::EngineId mem_in(int m, int ch = 0) const {
    return build.map().mem_channel(m, program::EngineKind::s2mm, ch);
  }
  program::EngineId mem_out(int m, int ch = 0) const {
    return build.map().mem_channel(m, program::EngineKind::mm2s, ch);
  }
  program::EngineId shim_in(int c, int ch = 0) const {
    return build.map().shim_channel(c, program::EngineKind::s2mm, ch);
  }
  program::EngineId shim_out(int c, int ch = 0) const {
    return build.map().shim_channel(c, program::EngineKind::mm2s, ch);
  }

  // A descriptor of `channel` on the route source -> sinks; the memory is the channel's own.
  program::Transfer on(program::EngineId channel, program::EngineId source, const std::vector<program::EngineId>& sinks,
                       const program::Access& access);
  // Both ends of one linear transfer of `bytes`; the source waits.
  void copy(program::EngineId source, program::EngineId sink, Bytes bytes, std::int64_t from = 0, std::int64_t to = 0,
            const std::vector<program::Wait>& waits = {});
  // A kernel call that does nothing but take time.
  int busy(program::EngineId core, Cycles cycles, const std::vector<program::Wait>& waits = {});

  Outcome run_until_idle() const;
};

}  // namespace tessera
