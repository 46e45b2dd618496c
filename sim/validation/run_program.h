// Runs a program for a prediction and looks at it as the measuring instruments did.
#pragma once
#include <string>
#include <vector>

#include "sim/exec/backend.h"

namespace tessera::validation {

struct ProgramRun {
  Millicycles total = 0;
  Millicycles longest_core_span = 0;  // first to last kernel event of the core with the longest
  std::string bound_by;               // what the busiest core mostly did or waited for
};

Expected<ProgramRun> run_program(const program::Program& program, const arch::ArraySpec& array,
                                 const std::vector<Millicycles>& durations);

}  // namespace tessera::validation
