// Convolutions. One of several groups is a convolution whose blocks outside of the groups are not there.
#include "sim/ops/operator.h"

namespace tessera::ops {

std::vector<Operator> convolution_operators() {
  Operator conv, depthwise;
  conv.op = Op::conv2d;
  conv.name = "conv2d";
  conv.kernel = KernelKind::conv;
  conv.computed = conv.window = conv.bias = true;
  conv.channels = Channels::reduced;
  conv.weights = Weights::blocks;
  depthwise = conv;
  depthwise.op = Op::depthwise;
  depthwise.name = "depthwise";
  depthwise.kernel = KernelKind::depthwise;
  depthwise.channels = Channels::parallel;
  depthwise.weights = Weights::channels;
  return {conv, depthwise};
}

}  // namespace tessera::ops
