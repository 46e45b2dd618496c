// Network files: JSON -> Network, with defaults, shapes and checks. Every problem of a file is reported in one pass.
//
//   {"name": "tiny", "input": [56, 56, 64],                       height, width, channels
//    "layers": [
//      {"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1, "relu": true},
//      {"name": "b", "op": "conv2d", "inputs": "a", "channels": 64, "kernel": [1, 7], "padding": [0, 3]},
//      {"name": "sum", "op": "add", "inputs": ["a", "b"], "relu": true},
//      {"name": "pool", "op": "avgpool", "global": true},
//      {"name": "fc", "op": "gemm", "channels": 1000}]}
//
// A layer without "inputs" reads the layer before it; "input" names the network's input. kernel and stride are a number
// or [height, width]; padding a number, [height, width] or [top, left, bottom, right]. stride defaults to 1 for a
// convolution and to the kernel for a pool. A gemm with "channels" is fully connected over the whole map; one with
// "m", "n", "k" is a plain matrix product, and needs no "input" when it comes first; "in_type" and "out_type" (i8, i16,
// i32, bf16, f32) are those of its matrices. "shift" is the requantization by a power of two.
// General scales: "multiplier" m beside "shift" s makes it sum * m / 2^s, rounded half to even; m is one number, for an
// add [of the first, of the second operand], for a conv2d or gemm also "channel": a number per output channel, which
// comes with the weights. An avgpool with a multiplier scales the sum of its window. What the other operators are
// stands in configs/networks/operators.md.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"
#include "sim/network/network.h"

namespace tessera::network {

Expected<Network> load_network(const std::string& path);

// `file` is what problems name.
Expected<Network> parse_network(const nlohmann::json& json, const std::string& file);

}  // namespace tessera::network
