#include "sim/validation/predict.h"

namespace tessera {

Expected<Prediction> predict(const MeasuredRow& row, const ValidationSetup& setup) {
  if (setup.groups.count(row.group) == 0)
    return skip("no design of group " + row.group + " in configs/validation/designs.json");
  auto array = array_of(row, setup);
  if (!array && array.failure().code == ExitCode::does_not_fit) return skip(describe(array.failure()));
  if (!array) return array.failure();
  switch (row.row_class()) {
    case RowClass::micro: return predict_micro(row, setup, *array);
    case RowClass::kernel: return predict_kernel(row, setup);
    case RowClass::gemm: return predict_gemm(row, setup, *array);
    case RowClass::bottleneck: return predict_bottleneck(row, setup, *array);
    case RowClass::network: return predict_network(row, setup, *array);
  }
  return skip("unknown class");
}

}  // namespace tessera
