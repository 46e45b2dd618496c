// Single layers as networks use them, by number: what the choice of mappings is judged on. Convolutions with windows of
// 1 to 7, depthwise ones, products up to 4096 wide, products of two tensors as attention has them; shares of zero
// blocks from 0 to 0.9, random and balanced; arrays from 1x1 to 8x8 of the hardware files in configs/hardware.
#pragma once
#include <nlohmann/json.hpp>

namespace tessera {

constexpr int corpus_size = 400;

// A run config without schedule. Its layer is called `l`.
nlohmann::json corpus_layer(int number);

}  // namespace tessera
