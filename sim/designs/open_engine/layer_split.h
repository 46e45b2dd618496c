// How a layer is cut: tiles of 5 x 20 pixels x 32 channels, one per core; a round is the four tiles below each other of
// one column. Rounds are dealt to the columns, and every round needs one packet per core and chunk of input channels.
#pragma once
#include <vector>

#include "sim/designs/open_engine/packet.h"

namespace tessera::designs::open_engine {

constexpr int columns = 4;

// What sets one schedule of the engine apart from another.
struct Variant {
  enum class Grain {
    packet,  // a task per packet of a core
    round,   // a task per round and chunk, per packet where the input is upsampled
    run      // a task for all rounds below each other, where a descriptor has the dimensions
  };
  Grain grain = Grain::run;
  int drain_rounds = 16;      // rounds below each other that a drain takes, at most
  bool joins_round = false;   // grain round: the packets of weights of a round in one task
  int weight_buffers = 2;     // packets of weights that a core has room for
  int token_every = 2;        // tasks of a channel per completion token
  bool balanced = true;       // layers with fewer rounds per group than columns use all columns
  bool folds = true;          // contiguous dimensions are folded before merging
  bool joins_weights = true;  // one weight task for the groups of a column that need their packets once
  bool trims = true;          // the core leaves out input blocks that hold no channels
  bool older_kernel = false;  // that computes the last four pixels of a row twice, each pass in a call
};

struct Chunk {
  Segment segment;
  PacketKind kind = PacketKind::k1;
  int first_block = 0;  // within the map
  int real_blocks = 0;  // that hold channels; the core computes no others
};

struct Round {
  int group = 0;       // of 32 output channels
  int column = 0;      // of tiles
  int h0 = 0, w0 = 0;  // its first output pixel
};

// Rounds below each other in one column of tiles, evenly spaced: those of a drain.
using Run = std::vector<Round>;

struct LayerSplit {
  int groups = 0, rounds_per_group = 0;
  std::vector<Chunk> chunks;           // of one tile, in order
  std::vector<std::vector<Run>> runs;  // by array column, in order
  bool accumulates() const { return chunks.size() > 1; }
};

// Whether tiles do not divide the map: the last ones compute pixels of their neighbours again.
bool tiles_overlap(const Map& map);

LayerSplit split_layer(const EngineNetwork& network, const EngineLayer& layer, const Variant& variant);

}  // namespace tessera::designs::open_engine
