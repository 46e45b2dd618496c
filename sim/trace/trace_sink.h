// Receives the timeline of a run: slices on tracks. Tracks are engines; the writer names them.
#pragma once
#include <string>

#include "sim/base/units.h"

namespace tessera::trace {

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // A slice of work [begin, end) of engine `engine` for layer `layer` (-1: none).
  virtual void slice(int engine, int layer, const char* what, Millicycles begin, Millicycles end) = 0;
};

}  // namespace tessera::trace
