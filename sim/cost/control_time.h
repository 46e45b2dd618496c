// What starting the transfers of a layer costs, by formulas: how many descriptors and tasks a channel needs for what a
// walk moves, and how long controllers take for them.
#pragma once
#include <vector>

#include "sim/cost/layer_cost.h"

namespace tessera::cost {

// A loop around what a channel moves. Turns of an even one move the same at even distances.
struct ControlLoop {
  int turns = 1;
  bool even = true;
};
using ControlLoops = std::vector<ControlLoop>;

struct ControlCount {
  double descriptors = 0, tasks = 0, tokens = 0, patches = 0;
};

// Of a channel that moves `chain` parts, each with a descriptor of its own, in every turn of the innermost of `loops`
// (the last): one level of them is what descriptors iterate over, others are descriptors or tasks more.
ControlCount channel_work(double chain, const ControlLoops& loops, const arch::DmaSpec& dma);

// Of the channels of memory tiles and shims, and of compute tiles where cores do not start their own.
ControlCount control_work(const LayerContext& context, const Walk& walk, const arch::ArraySpec& array);

// Cycles of the serial controller for that.
double serial_cycles(const ControlCount& count, const arch::ArraySpec& array);

}  // namespace tessera::cost
