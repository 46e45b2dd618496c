// A timeline in the Trace Event Format (JSON), which ui.perfetto.dev and chrome://tracing open. Every run is a process:
// its layers from their first to their last task, on as many lanes as layers overlap; a thread per core, controller and
// channel, named as in the program's text form, with its tasks and what it waits for in between; and counters, which
// are step functions: the first event holds until the next one. Times are microseconds at the array's clock. A slice of
// a task is named after its layer, one of a wait after its cause. Busy, idle and overhead are not drawn. The file is
// bounded: tasks and waits beyond the limit are left out, and a marker at their place says how many.
#pragma once
#include <string>
#include <vector>

#include "sim/program/program.h"
#include "sim/trace/layer_spans.h"
#include "sim/trace/trace_sink.h"

namespace tessera::trace {

class EventWriter;
class TaskArguments;

// A step function: from each time on the value beside it.
struct Counter {
  std::string name, unit;
  std::vector<std::pair<Millicycles, double>> steps;  // ascending times
};

class PerfettoTrace : public TraceSink {
 public:
  static constexpr std::size_t default_limit = 500000;  // tasks and waits; about 90 MB of JSON
  explicit PerfettoTrace(const arch::ArraySpec& array, std::size_t most_slices = default_limit)
      : array_(array), map_(array), most_slices_(most_slices) {}

  void task(const Task& task) override;
  void charge(const Charge& charge) override;

  std::size_t dropped() const { return dropped_; }
  const std::vector<LayerSpan>& spans() const { return spans_; }  // by layer id

  // The events of process `number` (from 1), one a line, separated by commas. `more`: counters beside those of host
  // memory and busy cores.
  std::string events(int number, const std::string& name, const program::Program& program,
                     const std::vector<Counter>& more) const;

 private:
  bool full(Millicycles begin);  // counts what is left out
  void write_slices(EventWriter& events, const TaskArguments& arguments, int lanes) const;

  const arch::ArraySpec& array_;
  program::EngineMap map_;
  std::size_t most_slices_, count_ = 0, dropped_ = 0;
  Millicycles dropped_from_ = 0;
  std::vector<Task> tasks_;
  std::vector<Charge> waits_;
  std::vector<std::pair<Millicycles, Millicycles>> busy_;  // of cores
  std::vector<LayerSpan> spans_;
};

// The file of some processes' events.
std::string perfetto_file(const std::vector<std::string>& processes);

}  // namespace tessera::trace
