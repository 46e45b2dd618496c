// A ResNet bottleneck (1x1, 3x3, 1x1 and the addition of its input) streamed row by row through the four cores of one
// column, as mlir-aie's example lays it out:
//
//   shim -> memory tile -> core 0 (1x1) -> cores 1 and 2 (3x3, half of the channels each) -> core 3 (1x1 + input) ->
//   shim
//                     \--- rows of the input wait in the memory tile until core 3 adds them ---/
//
// Weights are fetched once and stay in the cores. Every stage works one row of the image per kernel call.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/schedule/schedule.h"

namespace tessera::designs::object_fifo {

using schedule::Schedule;

struct Bottleneck {
  int height = 0, width = 0;
  int wide = 0, narrow = 0;                                       // channels outside and inside
  network::LayerId reduce = 0, spatial = 0, expand = 0, sum = 0;  // 1x1, 3x3, 1x1, addition
};

// The network as a bottleneck, if it is one.
std::optional<Bottleneck> find_bottleneck(const network::Network& network);

// Fails with does_not_fit when rows or weights do not fit the cores, or the array has not four rows.
Expected<Schedule> schedule_bottleneck(const network::Network& network, const Bottleneck& design,
                                       const arch::ArraySpec& array, const cost::LatencyModel& latency_model);

}  // namespace tessera::designs::object_fifo
