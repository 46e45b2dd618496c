// Within micro-benchmarks only: what they share, and those that move data.
#pragma once
#include <functional>
#include <regex>
#include <string>

#include "sim/validation/predict.h"

namespace tessera::validation::micro {

struct Context {
  const MeasuredRow& row;
  const GroupDesign& group;
  const arch::ArraySpec& array;
  double dispatch_us;  // that a timer includes
  std::smatch words;   // what the pattern of the workload took out of it
};

Expected<Prediction> memtile_to_core(const Context& c);
// Host memory to a memory tile or back; `warm`: the channel has moved something before.
Expected<Prediction> shim(const Context& c, bool outbound, bool warm);
// Watched at the memory port: the last words stand in the egress FIFO when the last access is done.
Expected<Prediction> port(const Context& c, bool memtile);
Expected<Prediction> ddr_rate(const Context& c);
Expected<Prediction> ddr_copy(const Context& c);
// Both directions counted.
Expected<Prediction> mixed_copy(const Context& c);
// "78.7 MB, 52 tasks" or "52.5 MB in, 26.2 MB out" through the first inbound and outbound channel of `columns` columns,
// to memory tiles or, of weights, to every core of the column at once.
Expected<Prediction> fills(const Context& c, int columns, bool drains, bool to_cores);
// One column: objects go to a core, which sends another object back for each. A slope, so that no dispatch is in it.
Expected<Prediction> round_trip(const Context& c);

}  // namespace tessera::validation::micro
