// Layers that stand for several: what no kernel does at once is made of layers that it does.
//   concat    of parts that do not begin at a group of 8 channels: each part is put at its channels among zeros
//             (select), and all are added
//   avgpool, maxpool over a whole map that no core holds: over parts of it, and then over their results; an average is
//             rounded twice
#pragma once
#include <optional>
#include <vector>

#include "sim/network/network.h"

namespace tessera::network {

// `layer` without its place in a network: its inputs name layers of `before`. The layers that compute it, the last of
// which has its name; their ids and those of their inputs follow on `before`. Just the layer where nothing is to do.
std::vector<Layer> expanded(const Layer& layer, const std::vector<Layer>& before);

// The parts of a map over which a pool over all of it is computed first; nothing where a core holds the map, or where
// there are no such parts.
std::optional<Shape> part_of_pool(const Shape& map);

}  // namespace tessera::network
