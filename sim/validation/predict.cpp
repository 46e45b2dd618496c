#include "sim/validation/predict.h"

#include <fmt/format.h>

namespace tessera::validation {
namespace {

Expected<Prediction> of_class(const Subject& subject) {
  switch (subject.row.row_class()) {
    case RowClass::micro:
      return predict_micro(subject);
    case RowClass::kernel:
      return predict_kernel(subject);
    case RowClass::gemm:
      return predict_gemm(subject);
    case RowClass::bottleneck:
      return predict_bottleneck(subject);
    case RowClass::network:
      return predict_network(subject);
    case RowClass::open_engine:
      return predict_open_engine(subject);
  }
  return skip("unknown class");
}

}  // namespace

Expected<Prediction> predict(const MeasuredRow& row, const ValidationSetup& setup) {
  auto subject = settle(row, setup);
  if (!subject && subject.failure().code == ExitCode::does_not_fit) return skip(describe(subject.failure()));
  if (!subject) return subject.failure();
  auto prediction = of_class(*subject);
  if (!prediction) return prediction;
  prediction->assumed = fmt::format("{}", fmt::join(subject->assumed, "; "));
  prediction->machine = subject->machine;
  return prediction;
}

}  // namespace tessera::validation
