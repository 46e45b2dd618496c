// Layers of a batch, which are computed with the weights of an earlier layer as they stand in DDR.
#pragma once
#include "sim/program/program.h"
#include "sim/verify/findings.h"

namespace tessera::verify {

// The layer that `layer` says it repeats has weights of its own, and they are the right ones for it as well: the same
// operator on the same shapes, the same mask, channels stored in the same orders.
void check_repeated(const program::Program& program, const network::Layer& layer, Findings& findings);

}  // namespace tessera::verify
