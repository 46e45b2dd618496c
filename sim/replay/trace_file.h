// Reads a published trace: one JSON object per line, one line per layer, in schedule order. Strict: whatever is
// malformed, missing, cut off, negative, of the wrong type or inconsistent is refused with line and field, all
// problems of a file in one go. Times (`*_us`) are optional and kept for comparison only. Keys the format does not
// know are ignored and reported as warnings, so that a log with more columns still replays.
#pragma once
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/replay/schedule_trace.h"

namespace tessera::replay {

struct TraceFile {
  ScheduleTrace trace;
  std::vector<std::string> warnings;
};

// What a file name says: <network>_<rows>x<cols>_<dense|sparseNN>.jsonl. Parts that it does not say stay unset.
struct TraceName {
  std::string network;
  std::optional<int> rows, cols;
  std::optional<double> density;
};
TraceName parse_trace_name(const std::string& path);

// Rows and columns from the arguments when they are positive, else from the file name. A trace whose name states no
// density is sparse (half of the blocks) when most of its convolutions load fewer bytes than their dense weights.
Expected<TraceFile> read_trace_file(const std::string& path, int rows = 0, int cols = 0);
Expected<TraceFile> read_trace(const std::string& text, const std::string& name, const TraceName& said);

// Refuses a trace whose sub-volumes or shares exceed the memories of `array`: in a core, 16 KB of weights as stored,
// 2 x 8 KB of input, 2 x 8 KB of output; in a memory tile, the activations and weights that live there together.
Expected<bool> check_trace_fits(const ScheduleTrace& trace, const arch::ArraySpec& array, const std::string& file);

}  // namespace tessera::replay
