// Data of a network whose input columns stand side by side (sim/network/side_by_side.h).
#pragma once
#include "sim/reference/network_data.h"

namespace tessera::reference {

// What `data` of the network `given` is for `joined`, which was made of it. Taps that the kernel has not are zero.
NetworkData side_by_side(NetworkData data, const network::Network& given, const network::Network& joined);

}  // namespace tessera::reference
