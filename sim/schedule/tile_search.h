// The cheapest tiles for a layer that is divided among the cores in a given way.
#pragma once
#include <algorithm>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "sim/base/error.h"
#include "sim/cost/layer_cost.h"
#include "sim/mapping/rules.h"

namespace tessera::schedule {

// A layer as the search sees it.
struct LayerCase : cost::LayerContext {
  const mapping::ForcedMapping* forced = nullptr;  // what is not to be chosen, or null
  bool in_place = false;                       // over its input: only tilings that walk its rows once, in several steps
  network::LayerId fused = -1;                 // addition or pool computed with it
  const sparsity::KernelMask* mask = nullptr;  // of its weights, in stored order
  bool asked = false;                          // whether trials may decide between its mappings
  // Cycles: with evened inbound channels, only what costs less is wanted.
  double below = std::numeric_limits<double>::infinity();
  // Whether a tiling will do that fits; empty: always.
  std::function<bool(const mapping::Partition&, const mapping::Tiling&)> admits;
};

struct TileChoice {
  mapping::Tiling tiling;
  mapping::CoreBuffers buffers;
  cost::Estimate estimate;
};

// The least that any tiling asks for.
struct Demand {
  Bytes core = std::numeric_limits<Bytes>::max();     // of a core
  Bytes staging = std::numeric_limits<Bytes>::max();  // of a memory tile, among the tilings whose buffers a core holds
  std::vector<Problem> refused, too_large;            // what is forced and cannot be followed, or does not fit
  void keep_least(const Demand& other) {
    core = std::min(core, other.core);
    staging = std::min(staging, other.staging);
  }
};

// Which tilings beside the cheapest one are kept, and which are of no interest at all.
struct Reach {
  double ratio = 1;         // those that cost up to so many times as much
  bool cuts_apart = false;  // of those that cut pixels or channels otherwise, the cheapest each
  double below = std::numeric_limits<double>::infinity();  // cycles; those that cost as much or more are not looked for
  const mapping::Tiling* guess = nullptr;                  // weighed before all others: what is dearer is soon left out
  bool evens = false;                                      // also tilings that even out the inbound channels of a core
};

// Tilings with numbers of chunks of one kind are told apart by their estimates alone.
constexpr int kinds_of_chunks = 8;
inline int kind_of_chunks(const mapping::Tiling& t) { return std::min(t.ni, kinds_of_chunks) - 1; }

// The cheapest tiling that fits, or nothing, and what the tilings ask for.
struct FoundTiles {
  std::optional<TileChoice> tiles;
  // The cheapest of each order of loops and each way to stage the input, within reach.
  std::vector<TileChoice> orders;
  Demand demand;
};
FoundTiles choose_tiles(const LayerCase& layer, const mapping::Partition& partition, const arch::ArraySpec& array,
                        const cost::LatencyModel& latency_model, const Reach& reach);

}  // namespace tessera::schedule
