// Pools over windows.
#include "sim/ops/operator.h"

namespace tessera::ops {

std::vector<Operator> pool_operators() {
  Operator pool;
  pool.op = Op::maxpool;
  pool.name = "maxpool";
  pool.kernel = KernelKind::maxpool;
  pool.computed = pool.window = true;
  Operator average = pool;
  average.op = Op::avgpool;
  average.name = "avgpool";
  average.kernel = KernelKind::avgpool;
  return {pool, average};
}

}  // namespace tessera::ops
