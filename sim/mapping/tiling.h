// How a core walks its part of a layer: the part is cut into nh x nw spatial tiles, `no` tiles of output channels and
// `ni` chunks of input channels (partial sums stay in the core). Activations and weights are double-buffered and kept
// as long as consecutive steps use the same ones.
//
//   activations outer   for each spatial tile: for each output-channel tile: for each chunk
//   weights outer       for each output-channel tile: for each spatial tile: for each chunk
//
// The second factor of a product is to it what weights are to a convolution: it comes in chunks and is kept likewise.
#pragma once
#include "sim/mapping/partition.h"

namespace tessera::mapping {

// Tile sizes as numbers of tiles, over the largest part of any core.
struct Tiling {
  int nh = 1, nw = 1, no = 1, ni = 1;
  bool weights_stationary = false;
  int input_slots = 2;         // with more than two, cores with unequal blocks drift further apart
  bool chunks_staged = false;  // an input in DDR passes the memory tile chunk by chunk, not as tiles with all channels
  Inbound inbound;
  int steps() const { return nh * nw * no * ni; }
};

using ops::channelwise;

TileSizes tile_sizes(const network::Layer& layer, const Partition& partition, const Tiling& tiling);
// Whether a core can take the sums of its tiles in chunks: those of a product are of one head and one group of rows.
bool may_chunk(const network::Layer& layer, const Partition& partition, const Tiling& tiling);
// The numbers of tiles that tiles of at most these sizes need.
Tiling tiling_of(const network::Layer& layer, const Partition& partition, const LayerMapping& mapping);

// Of the largest tile.
struct TileShape {
  int h, w, b;         // output rows, columns, 8-channel blocks
  int in_h, in_w;      // window of the tile in a core
  int read_h, read_w;  // the same in the map, from the first tap to the last
  int read_b;          // 8-channel input blocks
  int in_b;            // of these, those of one chunk
  // The same with so many chunks.
  TileShape in_chunks(int ni) const {
    TileShape s = *this;
    s.in_b = static_cast<int>(ceil_div(read_b, ni));
    return s;
  }
};
TileShape tile_shape(const network::Layer& layer, const Partition& partition, const Tiling& tiling);

struct Loads {
  double input, weights, second;  // how often each kind of tile enters a core
};
double loads_of_second(const network::Layer& layer, const Tiling& tiling);
inline Loads loads_of(const network::Layer& layer, const Tiling& t) {
  const double ns = t.nh * t.nw, second = loads_of_second(layer, t);
  if (channelwise(layer)) return {ns * t.no * t.ni, !has_weights(layer) ? 0 : t.no == 1 ? 1 : ns * t.no, second};
  Loads l{ns * t.no * t.ni, ns * t.no * t.ni, second};
  if (t.ni == 1 && (!t.weights_stationary || t.no == 1)) l.input = ns;
  if (t.ni == 1 && t.weights_stationary) l.weights = t.no;
  if (t.no * t.ni == 1) l.weights = 1;
  return l;
}

// Buffers in core memory, bytes per slot and slots. Largest over all cores of the layer.
struct CoreBuffers {
  Bytes input = 0, weights = 0, operand = 0, accumulator = 0, output = 0;
  Bytes unpooled = 0;  // convolution tile before a fused pool
  Bytes staged = 0;    // of an input in DDR, on its way through a memory tile
  Slots slots{2, 2, 2, 2};
  Inbound inbound;
  Bytes total() const {
    return input * (slots.input + aside_slots(inbound, slots)) + weights * slots.weights + operand * slots.operand +
           accumulator + unpooled + output * slots.output;
  }
};

// A layer as the cores compute it. With a fused pool `layer` is the two as one (with_pool).
struct Computed {
  const network::Layer* layer = nullptr;
  const network::Layer* kernel = nullptr;  // what the kernels compute: the convolution itself when a pool is fused
  const network::Layer* pool = nullptr;    // fused pool
  bool operand = false;                    // reads a second activation tile: add, or conv with a fused add
  std::vector<int> borders;  // 8-channel blocks between convolutions computed as one: no tile crosses them
};

// With the fewest slots that the walk can use, and `largest_chunk` bytes of weights at a time.
CoreBuffers core_buffers(const Computed& computed, const Partition& partition, const Tiling& tiling,
                         Bytes largest_chunk);
// The same of a tiling whose largest tile is known.
CoreBuffers core_buffers(const Computed& computed, const TileShape& shape, const Tiling& tiling, Bytes largest_chunk);

// Which tensors of a layer stand in DDR.
struct InDdr {
  bool input = false, operand = false, output = false;
};

// What a tiling keeps in one memory tile: staged tiles of an input in DDR, and slots for results on their way to DDR,
// share it with weights.
Bytes staging_bytes(const InDdr& in_ddr, const Partition& partition, const Tiling& tiling, const CoreBuffers& buffers,
                    const arch::ArraySpec& array);

// The convolution and the pool after it as one layer: the pool's output, and the window that one of its elements spans.
network::Layer with_pool(const network::Layer& conv, const network::Layer& pool);

}  // namespace tessera::mapping
