// Pooling kernels over a tile that holds exactly its window. Max pooling ignores padding, which it recognizes by the
// coordinates of the tile in the layer's input; average pooling counts it, and finds zeros there.
#pragma once
#include <cstdint>

#include "sim/program/program.h"

namespace tessera::models {

// Input coordinates that a pooling tile touches and that lie inside the input.
bool inside_input(const network::Layer& layer, int h, int w);

void max_pool(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in, std::int8_t* out);
void average_pool(const program::KernelCall& call, const network::Layer& layer, const std::int8_t* in,
                  std::int8_t* out);

}  // namespace tessera::models
