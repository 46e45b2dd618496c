// Makes the program of a mapping: which task moves or computes what, in which descriptor, after which other tasks.
// Every tensor stands where the mapping says; staging buffers and weights get what it leaves of the memory tiles.
#pragma once
#include <optional>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/mapping/mapping.h"
#include "sim/program/program.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::lower {

// masks[i]: block mask of layer i, nullopt: dense. Fails with does_not_fit where staging buffers find no room, or no
// descriptor has a form for a transfer.
Expected<program::Program> lower(const network::Network& network,
                                 const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                 const arch::ArraySpec& array, const mapping::Mapping& mapping);

}  // namespace tessera::lower
