// A random network of the operators beside plain convolutions: groups, dilation, depthwise, tables, products and
// differences with broadcast, channels picked one by one.
#pragma once
#include <cstdint>
#include <string>

namespace tessera {

std::string random_operators(std::uint64_t seed);

}  // namespace tessera
