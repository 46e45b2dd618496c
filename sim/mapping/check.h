// Whether a mapping can be followed on an array: whoever made it, nothing of it is changed in silence.
#pragma once
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/mapping/mapping.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::mapping {

// What is wrong with a mapping, by step (`paths`, as parse_mapping gives them). Exit code bad_input: no mapping of this
// network and array. Exit code does_not_fit: one that asks for more memory than there is. No problem: nothing.
// `masks` are those of convolutions in logical order.
Failure check_mapping(const Mapping& mapping, const std::vector<std::string>& paths, const network::Network& network,
                      const arch::ArraySpec& array, const std::vector<sparsity::KernelMask>& masks);

}  // namespace tessera::mapping
