// Runs under the published accounting: its own machine, its own arithmetic, its own policy.
#pragma once
#include "sim/config/document.h"
#include "sim/run/pipeline.h"

namespace tessera {

// The published accounting knows no data and no bounds: the verifier judges channels, descriptors, memories and waits
// of the program, and analytic bounds do not apply. Refuses every other policy than `published`.
Expected<Plan> make_published_plan(const RunConfig& config, const std::vector<std::optional<BlockMask>>& masks);

// The document of the machine of the published estimates at this many rows and columns.
Document load_published_machine(int rows, int cols);
extern const char* const published_machine;  // its name

}  // namespace tessera
