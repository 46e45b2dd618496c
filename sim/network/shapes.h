// Shape rules: what each layer makes of its inputs' shapes, and which inputs it refuses.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/network/network.h"

namespace tessera::network {

constexpr int max_side = 1 << 20;  // of a tensor, in each dimension
// A program has a line for every kernel call and transfer: 10^12 multiply-accumulates are some GB of them.
constexpr double max_macs = 1e12;                  // of a layer, and of a network
constexpr double max_tensor_bytes = 4294967296.0;  // of the weights or the output of a layer: 4 GiB
constexpr double max_network_bytes = 4 * max_tensor_bytes;
constexpr int max_fan_in = 131071;  // int8 products beyond this could overflow the int32 accumulator

// Reports one problem of a layer: what is wrong, and what would be legal.
using ReportProblem = std::function<void(std::string what, std::string legal)>;

// Products of sides can pass 64 bits before they have been checked.
double stored_output_bytes(const Layer& layer);
double stored_weight_bytes(const Layer& layer);
double multiply_accumulates(const Layer& layer);

// Bytes of one pixel of the input and of the output of a layer, as they stand in memory: channels in groups of 8, one
// byte each. With `products` those of a gemm: its matrices stand in elements of their own types.
Bytes input_pixel_bytes(const Layer& layer, bool products);
Bytes output_pixel_bytes(const Layer& layer, bool products);

// Fills layer.in and layer.out from the shapes of its inputs (in order, all known). False when a problem was reported.
bool infer_shape(Layer& layer, const std::vector<Shape>& inputs, const std::vector<std::string>& input_names,
                 const ReportProblem& report);

std::string shape_text(const Shape& s);  // "56x56x64"

}  // namespace tessera::network
