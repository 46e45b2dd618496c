// How a network is put onto an array, as a value: in which order its layers are computed, which of them together, how
// each is divided among the cores and walked by them, and where every tensor stands. It is decided by schedule/, has a
// text form (text.h), can be judged by itself (check.h), and becomes a program in lower/. A what-if is a copy.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "sim/base/units.h"
#include "sim/mapping/span.h"
#include "sim/network/network.h"

namespace tessera::mapping {

enum class Axis { width, height, channels };
const char* axis_name(Axis axis);

// The axes of a layer's output that the columns and the rows of the array divide.
//
//   cols=height rows=channels      cores of a column share activations, cores of a row share weights
//   cols=channels rows=channels    all cores share activations, none shares weights
struct Sharding {
  Axis cols = Axis::height, rows = Axis::channels;
  bool apart = false;  // of layers computed as one, each core computes channels of one of them only
  bool operator==(const Sharding& o) const { return cols == o.cols && rows == o.rows && apart == o.apart; }
};
std::string sharding_name(
    const Sharding& sharding);  // "cols=height rows=channels", "cols=channels rows=channels apart"

// The largest tile of a core: output rows, columns and channels, and input channels of one kernel call (Th, Tw, Tco,
// Tci). Every core cuts its part into as many tiles as the largest part needs.
struct TileSizes {
  int h = 1, w = 1, co = 8, ci = 8;
  bool operator==(const TileSizes& o) const { return h == o.h && w == o.w && co == o.co && ci == o.ci; }
};

// Slots of a core for each kind of tile; 0: the layer has none.
struct Slots {
  int input = 2, weights = 2, operand = 0, output = 2;
};

// Channels of every memory tile by use. Outbound, in this order: `acts` activations to cores, `spills` results to DDR,
// the last `weights` weights to cores. Inbound: `results` from cores, the last `loads` from DDR, each from its own shim
// channel.
struct Channels {
  int acts = 1, spills = 0, weights = 1, results = 4, loads = 2;
};

// How streams share the two inbound channels of a core: inputs come over the first, weights and operands over the
// second, but for what is said here.
struct Inbound {
  int aside = 0;               // every so-many-th tile of the input comes over the second, to slots of its own; 0: none
  bool operand_first = false;  // operands come over the first
  bool operator==(const Inbound& o) const { return aside == o.aside && operand_first == o.operand_first; }
  bool usual() const { return *this == Inbound{}; }
  // Of the tiles of the input, counted from 0.
  bool is_aside(int tile) const { return aside > 0 && tile % aside == aside - 1; }
  // Which of the tiles of its channel.
  int turn_of(int tile) const { return aside == 0 ? tile : is_aside(tile) ? tile / aside : tile - tile / aside; }
};
// Slots of a core for tiles of the input that come over the second channel: not as many as for weights, so that each
// have a pair of locks.
inline int aside_slots(const Inbound& in, const Slots& slots) {
  return in.aside == 0 ? 0 : slots.weights == 1 || slots.weights == 2 ? 3 : 2;
}

// How one layer, or some rows of it, is divided among the cores and walked by each.
struct LayerMapping {
  Sharding sharding;
  TileSizes tile;
  bool weights_stationary = false;  // loop order: output channels outside, space inside; the chunk of weights stays
  bool chunks_staged = false;  // an input in DDR passes the memory tile by chunks of channels, not with all of them
  Slots buffers;
  Channels channels;
  Inbound inbound;
};
std::string walk_name(const LayerMapping& mapping);  // "tile=7x14x64/64 weights-stationary": how a core walks its part

// A rectangle of a tensor in one memory tile, with all stored channels of the tensor.
struct Piece {
  int memtile = 0;
  Span h, w;
  std::int64_t address = 0;
  int tile_row = -1;  // in place of its layer's input: nothing may write it before all cores are at that tile row
};

// A tensor, or rows of it, gets its place.
struct Place {
  network::LayerId tensor = 0;
  enum class Where { memory_tiles, ddr, over } where = Where::memory_tiles;
  Axis axis = Axis::height;    // along which it is spread over the memory tiles: height or width
  network::LayerId over = -1;  // Where::over: it takes the place of this tensor, element by element
  std::vector<Piece> pieces;   // Where::memory_tiles
};

// A layer is computed, or some rows of its output.
struct Compute {
  network::LayerId layer = 0;
  int part = -1;                        // of a concatenation: the input that is copied into it
  std::vector<network::LayerId> joins;  // horizontal fusion: further convolutions of the same input, in one call
  network::LayerId fused = -1;          // the addition or pool computed with it
  Span rows;                            // of the output; of the fused pool's output
  LayerMapping mapping;
};

// A tensor's place is free again: its rows below `below`, or all of it.
struct Release {
  static constexpr int all = 1 << 30;
  network::LayerId tensor = 0;
  int below = all;
};

using Step = std::variant<Place, Compute, Release>;

// A tensor as a part of another one: of a concatenation.
struct Alias {
  network::LayerId root = 0;
  int c0 = 0;  // its first stored channel within the root
};

// Layers that are walked together in tiles of output rows (depth-first), by the layer that is computed; or one layer of
// many images that is computed in groups of them.
struct FusionGroup {
  std::vector<network::LayerId> layers;
  int tiles = 2;
};

struct Mapping {
  std::string network;
  int rows = 0, cols = 0, memtiles = 0;  // of the array
  Axis axis = Axis::height;              // along which tensors are spread where nothing speaks for another axis
  std::vector<std::vector<int>>
      channel_order;                         // per layer: logical 8-channel block at each stored one; empty: the same
  std::vector<Alias> aliases;                // per layer; a tensor of its own is its own root
  std::vector<network::LayerId> zeros_kept;  // layers whose zero blocks are moved and computed like others; ascending
  std::vector<FusionGroup> groups;
  std::vector<Step> steps;  // in execution order

  network::LayerId root(network::LayerId tensor) const { return aliases[static_cast<std::size_t>(tensor)].root; }
};

}  // namespace tessera::mapping
