// A small array to drive by hand: append descriptors, lock operations and calls, run until idle, look at when what
// happened. Every run is a forked child, since the SystemC kernel can be used once per process.
#pragma once
#include <string>
#include <vector>

#include "sim/program/builder.h"
#include "sim/exec/backend.h"

namespace tessera {

struct Slice {
  int engine, layer;
  std::string what;
  Millicycles begin, end;
};

struct Outcome {
  ExitCode code = ExitCode::ok;
  std::vector<Problem> problems;  // of a run that failed
  SimResult result;
  std::vector<Slice> slices;  // in order of completion

  std::vector<Slice> of(EngineId engine) const;
  Cycles end(EngineId engine, std::size_t n) const;  // of the n-th task, in whole cycles; -1: there is none
  Cycles begin(EngineId engine, std::size_t n) const;
  bool says(const std::string& text) const;  // some problem or functional error contains it
  Millicycles time(EngineId engine, Cause cause) const {
    return result.engines[static_cast<std::size_t>(engine)][static_cast<std::size_t>(cause)];
  }
};

// An array of 2x2 compute tiles with no fixed costs: 4 B/cycle channels and streams, wide host memory.
ArraySpec bare_array(int rows = 2, int cols = 2);

class Device {
 public:
  explicit Device(const ArraySpec& spec = bare_array()) : array(spec), build(spec) {}

  ArraySpec array;
  ProgramBuilder build;
  std::vector<Millicycles> durations;  // of the calls, in the order they are made
  SimOptions options;
  DdrImage image;

  EngineId core(int r, int c) const { return build.map().core(r, c); }
  EngineId tile_in(int r, int c, int ch = 0) const { return build.map().tile_channel(r, c, EngineKind::s2mm, ch); }
  EngineId tile_out(int r, int c, int ch = 0) const { return build.map().tile_channel(r, c, EngineKind::mm2s, ch); }
  EngineId mem_in(int m, int ch = 0) const { return build.map().mem_channel(m, EngineKind::s2mm, ch); }
  EngineId mem_out(int m, int ch = 0) const { return build.map().mem_channel(m, EngineKind::mm2s, ch); }
  EngineId shim_in(int c, int ch = 0) const { return build.map().shim_channel(c, EngineKind::s2mm, ch); }
  EngineId shim_out(int c, int ch = 0) const { return build.map().shim_channel(c, EngineKind::mm2s, ch); }

  // A descriptor of `channel` on the route source -> sinks; the memory is the channel's own.
  Transfer on(EngineId channel, EngineId source, const std::vector<EngineId>& sinks, const Access& access);
  // Both ends of one linear transfer of `bytes`; the source waits.
  void copy(EngineId source, EngineId sink, Bytes bytes, std::int64_t from = 0, std::int64_t to = 0,
            const std::vector<Wait>& waits = {});
  // A kernel call that does nothing but take time.
  int busy(EngineId core, Cycles cycles, const std::vector<Wait>& waits = {});

  Outcome run_until_idle() const;
};

}  // namespace tessera
