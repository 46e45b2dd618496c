// Operators of one pixel and channel. The second input of a binary one may have a single row or column, which then
// stands for all.
#include "sim/ops/operator.h"

namespace tessera::ops {
namespace {

Operator binary(Op op, const char* name, KernelKind kernel) {
  Operator o;
  o.op = op;
  o.name = name;
  o.kernel = kernel;
  o.computed = true;
  o.inputs = 2;
  o.symmetric = op == Op::add;
  return o;
}

}  // namespace

std::vector<Operator> elementwise_operators() {
  Operator lookup;
  lookup.op = Op::lookup;
  lookup.name = "lookup";
  lookup.kernel = KernelKind::lookup;
  lookup.computed = true;
  lookup.weights = Weights::channels;
  return {binary(Op::add, "add", KernelKind::add), binary(Op::mul, "mul", KernelKind::mul),
          binary(Op::sub, "sub", KernelKind::sub), lookup};
}

}  // namespace tessera::ops
