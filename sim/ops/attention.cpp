// What transformers need besides products with weights: products of two tensors, softmax and layer normalization.
#include "sim/ops/operator.h"

namespace tessera::ops {

std::vector<Operator> attention_operators() {
  Operator matmul, softmax, layernorm;
  matmul.op = Op::matmul;
  matmul.name = "matmul";
  matmul.kernel = KernelKind::matmul;
  matmul.computed = true;
  matmul.inputs = 2;
  matmul.channels = Channels::whole;
  matmul.rows = false;
  matmul.partial = true;
  matmul.product = true;
  softmax.op = Op::softmax;
  softmax.name = "softmax";
  softmax.kernel = KernelKind::softmax;
  softmax.computed = true;
  softmax.channels = Channels::whole;
  softmax.weights = Weights::channels;
  softmax.splits_channels = false;
  layernorm = softmax;
  layernorm.op = Op::layernorm;
  layernorm.name = "layernorm";
  layernorm.kernel = KernelKind::layernorm;
  layernorm.weight_bytes = 1;  // the factor of a channel
  layernorm.bias = true;
  return {matmul, softmax, layernorm};
}

}  // namespace tessera::ops
