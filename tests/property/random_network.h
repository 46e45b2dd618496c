// Small networks from a seed: every layer kind, odd shapes, kernels that are not square, strides, one-sided padding,
// residuals, concatenations, several outputs.
#pragma once
#include <cstdint>
#include <string>

namespace tessera {

std::string random_network(std::uint64_t seed);  // as the JSON of a network file

// The same network with multipliers of every kind in three of four layers that can have them.
std::string with_general_scales(const std::string& network, int seed);

}  // namespace tessera
