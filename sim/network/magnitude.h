// How large random data becomes on its way through a network, and the requantization shifts that keep it in range.
// Networks here carry no trained parameters: where a file names no shift, one is derived from the fan-in and from the
// root mean square expected of the input, so that seeded int8 data neither saturates nor vanishes.
#pragma once
#include "sim/network/network.h"

namespace tessera::network {

constexpr int random_weight_limit = 40;          // dense seeded weights are uniform in [-40, 40]
constexpr double random_multiplier = 805306368;  // 1.5 * 2^29: the mean of seeded multipliers of channels
constexpr int default_shift = -1;                // in Layer::shift while a network is being built: to be derived

// Replaces every default_shift of `network`, whose shapes are known.
void assign_default_shifts(Network& network);

}  // namespace tessera::network
