// Within sim/schedule only: what the passes are given, and what they have decided so far.
#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/mapping/tile_allocator.h"
#include "sim/schedule/policy.h"
#include "sim/schedule/schedule.h"
#include "sim/schedule/trials.h"

namespace tessera::schedule {

struct Inputs {
  const network::Network& network;
  const arch::ArraySpec& array;
  const cost::LatencyModel& latency_model;
  const ScheduleSpec& spec;
  const Policy& policy;
  const Trials* trials;  // or null: estimates decide

  std::vector<std::vector<network::LayerId>> readers;  // per layer: who reads it, ascending

  const network::Layer& layer(network::LayerId id) const { return network.layers[static_cast<std::size_t>(id)]; }
  // What a tensor leaves of each memory tile for weights and staging, unless the layer needs less.
  Bytes usual_reserve() const { return array.memtile.memory.size / 8; }
};

// What is taken of the memory tiles at one point of the walk through the layers.
struct Memory {
  std::vector<mapping::TileAllocator> tiles;
  int next_owner = 0;  // of the next place
  int computed = 0;    // steps so far: tensors take turns at the two ends of a memory tile
};

// The largest gap that every memory tile has: room for weights and staging.
Bytes free_staging(const Inputs& in, const Memory& memory);

// A root tensor where it stands now.
struct Standing {
  bool in_ddr = false;
  struct Part {
    mapping::Piece piece;
    int owner = 0;  // of its place in the memory tile
  };
  std::vector<Part> parts;
  Bytes row_bytes(const Part& part, const network::Layer& root) const {
    return Bytes{part.piece.w.size()} * network::stored_channels(root.out.c);
  }
};

// How the cores compute a layer or some rows of it.
struct Choice {
  mapping::LayerMapping mapping;
  Bytes core_bytes = 0, staging_bytes = 0;  // what its buffers take of a core, and of a memory tile
  double cycles = 0;                        // estimate, of all groups
  int groups = 1;                           // of images that are computed one after the other, each with this mapping
};

struct Draft {
  mapping::Mapping mapping;
  std::vector<sparsity::KernelMask> masks;   // of convolutions, in stored order
  std::vector<network::LayerId> order;       // in which layers are computed
  std::vector<int> turn;                     // per layer: its place in that order
  std::vector<network::LayerId> fused;       // per convolution: the addition or pool computed with it, or -1
  std::vector<network::LayerId> fused_into;  // per addition or pool: the convolution that computes it, or -1
  std::vector<network::LayerId> last_use;    // per root: the last layer that reads it; 0 for an output of the network
  std::vector<std::vector<network::LayerId>> ending;  // per layer: the roots of which it is the last reader
  std::vector<mapping::Axis> axis;                    // per root: along which it is spread over the memory tiles
  std::vector<Standing> standing;                     // per root
  Memory memory;
  double estimate = 0;  // cycles of what was computed
  // By layer and rows of a depth-first tile: tiles of one height are all computed alike.
  std::map<std::pair<network::LayerId, int>, Choice> known;

  network::LayerId later(network::LayerId a, network::LayerId b) const { return turn[a] < turn[b] ? b : a; }
  Standing& of(network::LayerId tensor) { return standing[mapping.root(tensor)]; }
  const Standing& of(network::LayerId tensor) const { return standing[mapping.root(tensor)]; }
  // Whether a tensor got its place in rows of one depth-first tile after the other.
  bool placed_by_rows(const Inputs& in, network::LayerId tensor) const;
};

// Of which nothing is decided yet.
Draft empty_draft(const Inputs& in);

// The passes, in the order in which they run.
void order_layers(const Inputs& in, Draft& draft);
void alias_parts(const Inputs& in, Draft& draft);     // parts of concatenations are written straight into them
void fuse_layers(const Inputs& in, Draft& draft);     // additions and pools with their convolutions
void find_last_uses(const Inputs& in, Draft& draft);  // liveness

}  // namespace tessera::schedule
