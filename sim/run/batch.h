// The images of a run that are computed together: the network and the masks that its programs are made of.
#pragma once
#include <optional>
#include <vector>

#include "sim/base/error.h"
#include "sim/network/batch.h"
#include "sim/run/run_config.h"

namespace tessera::run {

// As the config gives them.
network::Batch given_batch(const RunConfig& config);
// As the array computes them: columns of an input with few channels stand side by side (sim/network/side_by_side.h).
network::Batch batch_of(const RunConfig& config);
// By layer of the batch; empty where the config has none.
std::vector<std::optional<sparsity::BlockMask>> masks_of(const RunConfig& config, const network::Batch& batch);

// More layers than programs can name.
std::vector<Problem> batch_problems(const RunConfig& config);

// What is forced of a layer is forced for all images.
void repeat_forced(RunConfig& config);

}  // namespace tessera::run
