// Within sim/schedule only: what a tiling costs, in the steps in which the search of tiling.cpp asks for it, so that
// most tilings are dropped before everything about them is known.
#pragma once
#include "sim/schedule/tiling.h"

namespace tessera::schedule {

// Cycles charged per kernel call and per transfer beyond what the hardware file says, for what the formulas below leave
// out: starting, hops, tokens, waiting for each other. Chosen by simulating the three networks of configs/runs.
constexpr double call_overhead = 32, task_overhead = 110;
// What every step costs even where something else bounds the layer, so that such a layer is not cut into dust. As
// above.
constexpr double exposed_per_step = 128;

inline bool channelwise(const network::Layer& layer) { return layer.op != network::Op::conv2d; }

// The chunks of weights of the busiest cores.
Weights weights_of(const LayerContext& c, const Partition& p, const Tiling& t);

struct Loads {
  double input, weights;  // how often each kind of tile enters a core
};

Loads loads_of(const network::Layer& layer, const Tiling& t);

// Whether the descriptors of memory tiles hold what is sent of a tile together with zeros around it: with padding the
// columns and channels of a tile have a dimension each. Without, transfers are cut where they have to be.
bool padding_fits(const LayerContext& c, const Partition& p, const Tiling& t, const arch::ArraySpec& a);

CoreBuffers buffers_with(const LayerContext& c, const Partition& p, const Tiling& t, Bytes largest_chunk);

// What moving data costs, whatever the kernels take. Once `cycles` reach `enough` it looks no further.
struct Movement {
  double cycles = 0;
  const char* bound_by = "";
  double input = 0, output = 0;  // of one tile through one channel
  double lanes = 1;              // activation streams that one memory tile feeds at a time
  void raise(double c, const char* by) {
    if (c <= cycles) return;
    cycles = c;
    bound_by = by;
  }
};

Movement movement_of(const LayerContext& c, const Partition& p, const Tiling& t, const CoreBuffers& b,
                     const Weights& weights, const ChannelPlan& plan, const arch::ArraySpec& a, double enough);

// The whole, from what moving costs.
Estimate estimate_with(const LayerContext& c, const Partition& p, const Tiling& t, const CoreBuffers& b,
                       const Weights& weights, const ChannelPlan& plan, Movement m, const arch::ArraySpec& a,
                       const cost::KernelLaw& law);

// Kernel cycles of the busiest core if it computed its whole part in one call.
double paced_cycles(const LayerContext& c, const Partition& p, const arch::ArraySpec& a, const cost::KernelLaw& law);

}  // namespace tessera::schedule
