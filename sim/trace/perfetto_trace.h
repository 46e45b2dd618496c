// A timeline in the Trace Event Format (JSON), which ui.perfetto.dev and chrome://tracing open. One process per tile,
// one thread per core and channel, named as in the program's text form; one slice per kernel call and descriptor, named
// after its layer. The process "network" shows every layer from its first to its last task, on as many lanes as
// layers overlap. Times are microseconds at the array's clock.
// The file is bounded: slices beyond the limit are left out, and the trace says how many, in a marker at their place.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "sim/program/engine.h"
#include "sim/trace/trace_sink.h"

namespace tessera::trace {

class PerfettoTrace : public TraceSink {
 public:
  static constexpr std::size_t default_limit = 500000;  // about 60 MB of JSON
  explicit PerfettoTrace(std::size_t most_slices = default_limit) : most_slices_(most_slices) {}

  void slice(int engine, int layer, const char* what, Millicycles begin, Millicycles end) override;
  std::size_t dropped() const { return dropped_; }

  // `layers`: names by layer id.
  void write(std::ostream& out, const arch::ArraySpec& array, const std::vector<std::string>& layers) const;

 private:
  struct Slice {
    int engine, layer;
    const char* what;  // a literal of the backend
    Millicycles begin, end;
  };
  struct Span {
    Millicycles begin = -1, end = -1;
  };
  std::size_t most_slices_;
  std::size_t dropped_ = 0;
  Millicycles dropped_from_ = 0;
  std::vector<Slice> slices_;
  std::vector<Millicycles> track_end_;  // by engine
  std::vector<Span> spans_;             // by layer
};

}  // namespace tessera::trace
