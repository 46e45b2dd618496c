// Receives the timeline of a run: the tasks of its engines, and what each engine's time is charged to.
#pragma once
#include <cstdint>

#include "sim/base/units.h"

namespace tessera::trace {

// One task of an engine: a kernel call, the transfer of a descriptor, an operation of a controller.
struct Task {
  int engine = 0;
  int layer = -1;           // -1: none
  const char* what = "";    // its kind, a literal
  bool ahead = false;       // the layer does not begin with it: weights, what a controller does
  std::int32_t index = -1;  // of its instruction in the list of the engine (program::EngineProgram)
  // The engine is at it in [begin, through); at `end` it is complete: what a receiver took may still be on its way.
  Millicycles begin = 0, through = 0, end = 0;
};

// Time of an engine that is charged to one cause (exec::Cause). These parts follow each other without gaps, from zero
// to the end of the run.
struct Charge {
  int engine = 0;
  int layer = -1;          // that the engine was at
  const char* cause = "";  // its name, a literal
  Millicycles begin = 0, end = 0;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void task(const Task& task) = 0;
  virtual void charge(const Charge&) {}  // whoever shows tasks alone leaves it out
};

}  // namespace tessera::trace
