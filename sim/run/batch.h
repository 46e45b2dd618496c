// The images of a run that are computed together.
#pragma once
#include <optional>
#include <vector>

#include "sim/base/error.h"
#include "sim/run/run_config.h"

namespace tessera::run {

// Sets `images` and `batch`, of the network and the array of the config. Problem: more layers than programs can name.
std::vector<Problem> make_batch(RunConfig& config, int images);

// What is forced of a layer is forced for all images.
void repeat_forced(RunConfig& config);

// Masks of the layers of the batch.
std::vector<std::optional<sparsity::BlockMask>> masks_of_batch(const RunConfig& config);

}  // namespace tessera::run
