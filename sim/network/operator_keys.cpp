#include "sim/network/operator_keys.h"

#include "sim/network/layer_reader.h"

namespace tessera::network {
using ops::Op;

const std::vector<OpKeys>& legal_ops() {
  static const std::vector<OpKeys> ops = {
      {"conv2d",
       Op::conv2d,
       {"channels", "kernel", "stride", "padding", "relu", "most", "shift", "multiplier", "groups", "dilation",
        "lookup"}},
      {"depthwise",
       Op::depthwise,
       {"kernel", "stride", "padding", "relu", "most", "shift", "multiplier", "dilation", "lookup"}},
      {"gemm",
       Op::conv2d,
       {"channels", "m", "n", "k", "relu", "most", "shift", "multiplier", "in_type", "out_type", "lookup"}},
      {"maxpool", Op::maxpool, {"kernel", "stride", "padding", "dilation", "global"}},
      {"avgpool", Op::avgpool, {"kernel", "stride", "padding", "dilation", "global", "shift", "multiplier"}},
      {"add", Op::add, {"relu", "most", "shift", "multiplier"}},
      {"sub", Op::sub, {"relu", "most", "shift", "multiplier"}},
      {"mul", Op::mul, {"relu", "most", "shift", "multiplier"}},
      {"lookup", Op::lookup, {"function", "from", "to", "alpha", "beta"}},
      {"select", Op::select, {"source"}},
      {"constant", Op::constant, {"size"}},
      {"pick", Op::pick, {"size", "from", "first", "sizes", "strides"}},
      {"resize", Op::resize, {"factor"}},
      {"depth_to_space", Op::depth_to_space, {"factor"}},
      {"remap", Op::remap, {"rows", "columns"}},
      {"transpose", Op::transpose, {"rows"}},
      {"matmul",
       Op::matmul,
       {"by_rows", "heads", "depth", "rows", "second_rows", "first", "second", "shift", "multiplier"}},
      {"softmax", Op::softmax, {"from"}},
      {"layernorm", Op::layernorm, {"shift", "multiplier", "mean", "epsilon"}},
      {"concat", Op::concat, {}},
  };
  return ops;
}

std::vector<std::pair<std::string, std::vector<std::string>>> layer_keys() {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const OpKeys& op : legal_ops()) all.emplace_back(op.name, op.keys);
  return all;
}

}  // namespace tessera::network
