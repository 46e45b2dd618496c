// Rows of a CSV of measured times: what was measured, on what, with which design. Every problem of a file is found in
// one pass and named by line and field.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::validation {

enum class RowClass { micro, kernel, gemm, bottleneck, network, open_engine };
const char* row_class_name(RowClass c);

// "64x64x32", or "64x512x64 with A in slices of 32 rows": A then comes in lower tiles than those of B are deep.
struct CoreTile {
  int m = 0, k = 0, n = 0;
  int slice = 0;  // rows of A at a time; 0: all m
};

// How a design holds its matrices: "a=2 b=2 c=1 keeps=a b=packed b=stays". Zero or empty: not said.
struct Buffering {
  int a = 0, b = 0, c = 0;  // buffers in a core
  std::string keeps;        // "a" or "b": all of k of it stays in the core
  bool packed = false;      // B stands in host memory tile after tile
  bool stays = false;       // B of a block of columns stays in the memory tile
};

struct MeasuredRow {
  int line = 0;
  std::string id, group, platform, workload, shape, in_type, out_type, unit, notes, source;
  std::string core_tile;    // as written
  double clock_ghz = 0;     // 0: not stated
  int m = 0, k = 0, n = 0;  // 0: not given
  int rows = 0, cols = 0;
  CoreTile tile;  // all zero unless core_tile is of one of its forms
  double measured = 0;
  // Columns that may be missing. What they leave empty is settled by the row's group (design.h).
  std::string hardware;               // file in configs/hardware, or a path
  std::string kernels;                // kernel library, or a path
  std::optional<double> dispatch_us;  // what the timer includes beside the array
  std::optional<Buffering> buffering;
  int batch = 0;                            // images at once; 0: not given
  std::map<std::string, std::string> text;  // every column as written

  RowClass row_class() const;
};

Expected<std::vector<MeasuredRow>> read_measured(const std::string& file);

// Writes a column of the row; false if the text is none that is legal for it, or there is no such column.
bool set_column(MeasuredRow& row, const std::string& column, const std::string& text);

// What is legal for a column; empty: there is no such column.
std::string legal_in(const std::string& column);

// The numbers of a text, in order: "HxW=56x32 1x1" -> 56 32 1 1.
std::vector<double> numbers_in(const std::string& text);

}  // namespace tessera::validation
