// Networks of one to four layers from a seed, as the JSON of a network file: windows of 1 to 7, strides of 1 to 8, not
// square either, one-sided padding, maximum, average and global pools, products, additions and concatenations.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>

namespace tessera {

nlohmann::json random_layers(std::uint64_t seed, int most_layers);

}  // namespace tessera
