// Keys of a run config that nothing would follow because of what stands beside them: refused, never ignored.
#pragma once
#include <vector>

#include "sim/config/document.h"
#include "sim/network/network.h"

namespace tessera::run {

// `document`: as the user wrote it, before defaults; it may be invalid otherwise.
// `network` may be null when it cannot be read.
std::vector<Problem> conflicting_keys(const config::Document& document, const network::Network* network);

}  // namespace tessera::run
