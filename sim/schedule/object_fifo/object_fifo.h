// The policy "object_fifo": networks of one of two forms, a dense gemm or a bottleneck, laid out as the hand-written
// designs of mlir-aie are. Unlike the other policies it keeps no tensor in a memory tile and waits for no token:
// everything is a ring of buffers with locks, over which descriptors loop (ring.h). Its programs have no tensors
// (Program::tensors).
#pragma once
#include <optional>
#include <vector>

#include "sim/schedule/schedule.h"

namespace tessera::schedule::object_fifo {

// What stands in the way before anything is tried: another form of network, zero blocks, a missing tile, kernels that
// the law does not have. Paths are those of a run config.
std::vector<Problem> problems(const network::Network& network,
                              const std::vector<std::optional<sparsity::BlockMask>>& masks, const cost::KernelLaw& law,
                              const ScheduleSpec& spec);

Expected<Schedule> schedule(const network::Network& network, const arch::ArraySpec& array, const cost::KernelLaw& law,
                            const ScheduleSpec& spec);

}  // namespace tessera::schedule::object_fifo
