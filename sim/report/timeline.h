// The timeline of one run as the report page reads it. Per track (a core, a channel, a controller) the slices follow
// each other in one byte string, in base64: varints of the gap since the end of the slice before, of the duration, and
// of layer + 1 (0: none) times the number of kinds plus the kind. Times are whole cycles; both ends are rounded, so
// that slices of a track never overlap. What an engine waits for between its tasks is a slice too; waits within a task
// are part of it.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/trace/layer_spans.h"
#include "sim/trace/trace_sink.h"

namespace tessera::report {

class Timeline : public trace::TraceSink {
 public:
  static constexpr std::size_t default_limit = 400000;  // slices; about 2 MB of the page
  // `next` gets everything too.
  explicit Timeline(trace::TraceSink* next = nullptr, std::size_t most_slices = default_limit)
      : next_(next), most_slices_(most_slices) {}

  void task(const trace::Task& task) override;
  void charge(const trace::Charge& charge) override;

  // By layer id; shorter than the network when its last layers have no slices.
  const std::vector<trace::LayerSpan>& spans() const { return spans_; }

  // {kinds, tracks: [{name, tile, kind, slices, data}], spans: [[begin, end], ...], slices, dropped, dropped_from};
  // tracks without slices are left out.
  nlohmann::json json(const arch::ArraySpec& array) const;

 private:
  struct Slice {
    int layer, kind;
    bool wait;
    Millicycles begin, end;
  };
  int kind_of(const char* what);
  void add(int engine, Slice slice);
  static std::vector<Slice> without_overlap(std::vector<Slice> slices);

  trace::TraceSink* next_;
  std::size_t most_slices_, count_ = 0, dropped_ = 0;
  Millicycles dropped_from_ = 0;
  std::vector<std::string> kinds_;
  std::vector<std::vector<Slice>> tracks_;  // by engine
  std::vector<trace::LayerSpan> spans_;
};

}  // namespace tessera::report
