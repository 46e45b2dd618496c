// Runs under the published accounting: its own machine, its own arithmetic, its own policy.
#pragma once
#include "sim/config/document.h"
#include "sim/run/pipeline.h"

namespace tessera::run {

// The published accounting knows no data and no bounds: the verifier judges channels, descriptors, memories and waits
// of the program, and analytic bounds do not apply. Refuses every other policy than `published`.
Expected<Plan> make_published_plan(const RunConfig& config,
                                   const std::vector<std::optional<sparsity::BlockMask>>& masks);

// The document of the machine of the published estimates, with the rows, columns and DDR of `hardware` as the values of
// `array`. Whatever else differs from the generic array would be lost, and is among the problems.
config::Document load_published_machine(const nlohmann::json& hardware, const arch::ArraySpec& array);
extern const char* const published_machine;  // its name

}  // namespace tessera::run
