// Predicts one measured row, by building the program of its design and simulating it. May be called once per process
// (SystemC): see validate.h, which forks per row.
#pragma once
#include "sim/validation/subject.h"

namespace tessera::validation {

struct Prediction {
  double value = 0;      // in the row's unit
  std::string bound_by;  // "compute", "ddr", "stream", ...
  std::string skipped;   // why the model does not cover the row; empty: it does
  std::string beyond;    // what lies outside the range that latency models and designs were fitted to; empty: nothing
  std::string assumed;   // what neither the row nor its source says; empty: nothing
  std::string machine;
};

inline Prediction skip(std::string reason) { return {0, "", std::move(reason), "", "", ""}; }

Expected<Prediction> predict(const MeasuredRow& row, const ValidationSetup& setup);

// The classes, one file each.
Expected<Prediction> predict_micro(const Subject& subject);
Expected<Prediction> predict_kernel(const Subject& subject);
Expected<Prediction> predict_gemm(const Subject& subject);
Expected<Prediction> predict_bottleneck(const Subject& subject);
Expected<Prediction> predict_network(const Subject& subject);
Expected<Prediction> predict_open_engine(const Subject& subject);

}  // namespace tessera::validation
