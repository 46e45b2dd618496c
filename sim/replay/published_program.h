// The policy `published` under the published accounting as a program of a network: plan, work, program. Its layers and
// masks are the network's, so that it is reported like any other; it carries no data (Payload::none).
#pragma once
#include <optional>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/network/network.h"
#include "sim/program/program.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::replay {

// masks by LayerId; nullopt: dense. Only the share of present 8x8 blocks enters the published arithmetic, not which.
Expected<program::Program> make_published_program(const network::Network& network,
                                                  const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                                  const arch::ArraySpec& array);

// 256 operations a cycle, rounded up per call.
std::vector<Millicycles> published_durations(const program::Program& program);

}  // namespace tessera::replay
