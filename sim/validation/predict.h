// Predicts one measured row from its own fields and the design of its group, by building the program and simulating
// it. May be called once per process (SystemC): see validate.h, which forks per row.
#pragma once
#include "sim/validation/design.h"

namespace tessera::validation {

struct Prediction {
  double value = 0;      // in the row's unit
  std::string bound_by;  // "compute", "ddr", "stream", ...
  std::string skipped;   // why the model does not cover the row; empty: it does
  std::string beyond;    // what lies outside the range that laws and designs were fitted to; empty: nothing
};

inline Prediction skip(std::string reason) { return {0, "", std::move(reason), ""}; }

Expected<Prediction> predict(const MeasuredRow& row, const ValidationSetup& setup);

// The classes, one file each.
Expected<Prediction> predict_micro(const MeasuredRow& row, const ValidationSetup& setup, const arch::ArraySpec& array);
Expected<Prediction> predict_kernel(const MeasuredRow& row, const ValidationSetup& setup, const arch::ArraySpec& array);
Expected<Prediction> predict_gemm(const MeasuredRow& row, const ValidationSetup& setup, const arch::ArraySpec& array);
Expected<Prediction> predict_bottleneck(const MeasuredRow& row, const ValidationSetup& setup,
                                        const arch::ArraySpec& array);
Expected<Prediction> predict_network(const MeasuredRow& row, const ValidationSetup& setup,
                                     const arch::ArraySpec& array);

}  // namespace tessera::validation
