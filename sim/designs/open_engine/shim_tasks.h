// The shim tasks of a layer, column by column in the order in which a column issues them.
#pragma once
#include <vector>

#include "sim/designs/open_engine/layer_split.h"
#include "sim/designs/open_engine/pattern.h"

namespace tessera::designs::open_engine {

enum class Stream { weights, fills, drains };  // shim channels mm2s 1, mm2s 0, s2mm 0
constexpr int streams = 3;

struct ShimTask {
  Stream stream = Stream::fills;
  Pattern pattern{0, 0};
  std::size_t serves = 0;  // place in the column's list of the last fill that needs it issued; weights and drains only
};

// Where maps and weight packets stand in DDR.
struct Addresses {
  std::vector<Bytes> maps;     // by map
  std::vector<Bytes> weights;  // by layer
  Bytes end = 0;
};
Addresses place(const EngineNetwork& network);

// By array column.
std::vector<std::vector<ShimTask>> shim_tasks(const EngineNetwork& network, const EngineLayer& layer,
                                              const LayerSplit& split, const Addresses& addresses,
                                              const Variant& variant);

}  // namespace tessera::designs::open_engine
