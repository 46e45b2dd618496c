// Rows of a CSV of measured times: what was measured, on what, with which design. Every problem of a file is found in
// one pass and named by line and field.
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::validation {

enum class RowClass { micro, kernel, gemm, bottleneck, network };
const char* row_class_name(RowClass c);

struct CoreTile {
  int m = 0, k = 0, n = 0;
};

struct MeasuredRow {
  int line = 0;
  std::string id, group, platform, workload, shape, in_type, out_type, unit, notes, source;
  std::string core_tile;    // as written
  double clock_ghz = 0;     // 0: not stated
  int m = 0, k = 0, n = 0;  // 0: not given
  int rows = 0, cols = 0;
  CoreTile tile;  // all zero unless core_tile is MxKxN
  double measured = 0;

  RowClass row_class() const;
};

Expected<std::vector<MeasuredRow>> read_measured(const std::string& file);

// The numbers of a text, in order: "HxW=56x32 1x1" -> 56 32 1 1.
std::vector<double> numbers_in(const std::string& text);

}  // namespace tessera::validation
