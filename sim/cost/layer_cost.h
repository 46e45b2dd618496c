// What a layer costs under a mapping, by formulas; nothing is emitted. The search for tiles asks for it in steps, so
// that most tilings are dropped before everything about them is known.
#pragma once
#include <limits>
#include <optional>
#include <vector>

#include "sim/cost/latency_model.h"
#include "sim/mapping/layer_weights.h"
#include "sim/mapping/tiling.h"

namespace tessera::cost {

// A layer, and where it finds and leaves its data, as far as the cost depends on it.
struct LayerContext : mapping::Computed {
  mapping::LayerWeights* weights = nullptr;  // conv only
  mapping::InDdr in_ddr;
  // Along which tensors are spread over the memory tiles.
  mapping::Axis input_axis = mapping::Axis::height, operand_axis = mapping::Axis::height,
                output_axis = mapping::Axis::height;
  int input_sharers = 1;  // columns that read from one memory tile at a time (rows of a depth-first tile)
  Bytes staging = 0;      // bytes of one memory tile that are free for weights and staging
};

struct Estimate {
  double cycles = 0;
  const char* bound_by = "";
};

// The cost of `rows` of the layer's output.
Estimate layer_cost(const LayerContext& context, mapping::Span rows, const mapping::LayerMapping& mapping,
                    const arch::ArraySpec& array, const LatencyModel& latency_model);

// The chunks of weights of the busiest cores.
mapping::Weights weights_of(const LayerContext& c, const mapping::Partition& p, const mapping::Tiling& t);

// Whether the descriptors of memory tiles hold what is sent of a tile together with zeros around it: with padding the
// columns and channels of a tile have a dimension each. Without, transfers are cut where they have to be.
bool padding_fits(const LayerContext& c, const mapping::TileShape& shape, const arch::ArraySpec& a);

// What moving data costs, whatever the kernels take. Once `cycles` reach `enough` it looks no further.
struct Movement {
  double cycles = 0;
  const char* bound_by = "";
  double input = 0, output = 0;  // of one tile through one channel
  double lanes = 1;              // activation streams that one memory tile feeds at a time
  // Of all tiles through one inbound channel of a core.
  double inputs = 0, weights = 0, operands = 0;
  void raise(double c, const char* by) {
    if (c <= cycles) return;
    cycles = c;
    bound_by = by;
  }
};

// A way to walk a layer: tiles with their buffers, chunks of weights, and channels.
struct Walk {
  const mapping::Partition& partition;
  mapping::Tiling tiling;
  mapping::CoreBuffers buffers;
  const mapping::Weights& weights;
  const mapping::Channels& channels;
  mapping::TileShape shape;  // tile_shape() of the tiling
};

// Where it is clearly less than in the usual way: how the fuller of the two inbound channels of a core carries least.
// `usual` is what moving costs in the usual way, all of it.
std::optional<mapping::Inbound> even_inbound(const LayerContext& c, const Walk& walk, const Movement& usual,
                                             const arch::ArraySpec& a);

Movement movement_of(const LayerContext& c, const Walk& walk, const arch::ArraySpec& a, double enough);

// The whole, from what moving costs. Once it reaches `enough` it looks no further.
Estimate estimate_with(const LayerContext& c, const Walk& walk, Movement m, const arch::ArraySpec& a,
                       const LatencyModel& latency_model, double enough = std::numeric_limits<double>::infinity());

// Kernel cycles of the busiest core if it computed its whole part in one call.
double paced_cycles(const LayerContext& c, const mapping::Partition& p, const arch::ArraySpec& a,
                    const LatencyModel& latency_model);

}  // namespace tessera::cost
