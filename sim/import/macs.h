// Multiply-accumulates of a graph whose shapes are known, by kind of operator.
#pragma once
#include "sim/import/graph.h"

namespace tessera::import {

struct MacCount {
  std::int64_t conv = 0, gemm = 0;  // conv: transposed, integer and quantized ones too
  std::int64_t transposed = 0;      // of conv, those of ConvTranspose
  std::int64_t matmul_weights = 0;  // MatMul and Einsum: one factor is constant
  std::int64_t matmul_activations = 0;
  std::int64_t nodes = 0;  // that were counted
  std::int64_t total() const { return conv + gemm + matmul_weights + matmul_activations; }
};

// 0 for everything that is no product.
std::int64_t node_macs(const Graph& graph, const Node& node);

MacCount count_macs(const Graph& graph);

}  // namespace tessera::import
