// The rules that make layers of nodes: a table per family.
#pragma once
#include "sim/import/layer_table.h"
#include "sim/import/operators/window.h"

namespace tessera::import {

const std::vector<LayerRule>& product_rules();
const std::vector<LayerRule>& window_rules();
const std::vector<LayerRule>& elementwise_rules();
const std::vector<LayerRule>& function_rules();
const std::vector<LayerRule>& movement_rules();
const std::vector<LayerRule>& attention_rules();
const std::vector<LayerRule>& reduce_rules();
const std::vector<LayerRule>& transposed_rules();
const std::vector<LayerRule>& resample_rules();

// Input `at` of a node, per output channel; integers with a scale keep every bit.
std::vector<double> bias_of(const Lowering& to, const Node& node, std::size_t at, std::int64_t channels,
                            double factor = 1);
// Integers of the file in place of the real weights that were made of them; `axis`: of the output channels.
bool keep_integers(Lowering& to, const Node& node, std::int64_t axis, LayerWeights& weights);
// Sets kernel, stride, padding and dilation; `after`: the padding behind.
void set_window(nlohmann::json& layer, const Windows& windows, const Dims& after);
// The average or maximum over all pixels of a tensor, and of its view what counts channels (rules_window.cpp).
View pool_all(Lowering& to, const Node& node, const View& view, bool maximum);
// These indices of a dimension, -1 for zeros, in any order (rules_resample.cpp).
void lower_indices(Lowering& to, const Node& node, const View& view, std::size_t dim, const Dims& indices);
// A product of two tensors (rules_attention.cpp).
void lower_tensors(Lowering& to, const Node& node);
// A number, if the constant is one.
std::optional<double> single(const Tensor* constant);

}  // namespace tessera::import
