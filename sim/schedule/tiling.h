// How a core walks its part of a layer: the part is cut into nh x nw spatial tiles, `no` tiles of output channels and
// `ni` chunks of input channels (partial sums stay in the core). Activations and weights are double-buffered and kept
// as long as consecutive steps use the same ones.
//
//   activations_outer   for each spatial tile: for each output-channel tile: for each chunk
//   weights_outer       for each output-channel tile: for each spatial tile: for each chunk
#pragma once
#include <functional>
#include <limits>

#include "sim/schedule/layer_weights.h"

namespace tessera::schedule {

struct Tiling {
  int nh = 1, nw = 1, no = 1, ni = 1;
  bool weights_outer = false;
  int input_slots = 2;         // with more than two, cores with unequal blocks drift further apart
  bool chunks_staged = false;  // an input in DDR passes the memory tile chunk by chunk, not as tiles with all channels
  int steps() const { return nh * nw * no * ni; }
};

// Buffers in core memory, bytes per slot and slots. Largest over all cores of the layer.
struct CoreBuffers {
  Bytes input = 0, weights = 0, operand = 0, accumulator = 0, output = 0;
  Bytes unpooled = 0;  // convolution tile before a fused pool
  int input_slots = 2, weights_slots = 2, operand_slots = 2, output_slots = 2;
  Bytes total() const {
    return input * input_slots + weights * weights_slots + operand * operand_slots + accumulator + unpooled +
           output * output_slots;
  }
};

// Channels of a memory tile by use, for one layer.
struct ChannelPlan {
  int acts = 1;     // outbound channels 0..acts-1 carry activations
  int spill = -1;   // first outbound channel towards the shim, or -1
  int spills = 0;   // how many of them
  int weights = 1;  // the last outbound channels carry weights
  int results = 4;  // inbound channels 0..results-1 take results
  int loads = 2;    // the last inbound channels take what comes from DDR, each from its own shim channel
};
// Where a layer finds and leaves its data, as far as the cost depends on it. With a fused pool `layer` is the two as
// one: the pool's output, and the window of the convolution that one pool window spans.
struct LayerContext {
  const network::Layer* layer = nullptr;
  const network::Layer* kernel = nullptr;  // what the kernels compute: the convolution itself when a pool is fused
  const network::Layer* pool = nullptr;    // fused pool
  LayerWeights* weights = nullptr;         // conv only
  std::vector<int> borders;  // 8-channel blocks between convolutions computed as one: no tile crosses them
  bool operand = false;      // reads a second activation tile: add, or conv with a fused add
  bool input_in_ddr = false, operand_in_ddr = false, output_in_ddr = false;
  // How tensors are spread over the memory tiles: in bands of the height or the width.
  Axis input_bands = Axis::height, operand_bands = Axis::height, output_bands = Axis::height;
  int input_sharers = 1;  // columns that read from one memory tile at a time (a depth-wise tile's rows)
  bool rolling =
      false;  // the output takes the place of the input: only tilings that walk its rows once, in several steps
  // Whether a tiling will do that fits; empty: always.
  std::function<bool(const Partition&, const Tiling&)> admits;
  Bytes staging = 0;  // bytes of one memory tile that are free for weights and staging
};

ChannelPlan plan_channels(const LayerContext& context, const Partition& partition, const arch::ArraySpec& array);

struct Estimate {
  double cycles = 0;
  const char* bound_by = "";
};

struct TilingChoice {
  Tiling tiling;
  CoreBuffers buffers;
  Estimate estimate;
};

CoreBuffers core_buffers(const LayerContext& context, const Partition& partition, const Tiling& tiling);

// The least that any tiling asks for.
struct Demand {
  Bytes core = std::numeric_limits<Bytes>::max();     // of a core
  Bytes staging = std::numeric_limits<Bytes>::max();  // of a memory tile, among the tilings whose buffers a core holds
};

// Tilings that were good for a layer.
using Shortlist = std::vector<Tiling>;

// The cheapest tiling that fits, or nothing. `demand` (may be null) becomes what the tilings ask for. A `shortlist`
// (may be null) that is not empty limits the search to what it holds, if any of that fits; an empty one is filled.
std::optional<TilingChoice> choose_tiling(const LayerContext& context, const Partition& partition,
                                          const arch::ArraySpec& array, const cost::KernelLaw& law, Demand* demand,
                                          Shortlist* shortlist);

// What a tiling keeps in one memory tile: staged tiles of an input in DDR, and slots for results on their way to DDR,
// share it with weights.
Bytes staging_bytes(const LayerContext& context, const Partition& partition, const Tiling& tiling,
                    const CoreBuffers& buffers, const arch::ArraySpec& array);

// The tilings with a forced tile: output height, width, channels, input channels.
std::vector<Tiling> tilings_of_tile(const LayerContext& context, const Partition& partition,
                                    const std::array<int, 4>& tile);

Estimate estimate(const LayerContext& context, const Partition& partition, const Tiling& tiling,
                  const CoreBuffers& buffers, const arch::ArraySpec& array, const cost::KernelLaw& law);

}  // namespace tessera::schedule
