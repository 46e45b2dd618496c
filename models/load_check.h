// Cheap checks before a program is run: every index in range, every address inside its memory, so that no program,
// however wrong, can make the models touch what is not theirs. Whether it computes the right thing is not asked here.
#pragma once
#include <optional>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::models {

std::optional<Failure> load_check(const program::Program& program, const arch::ArraySpec& array,
                                  const std::vector<Millicycles>& durations);

}  // namespace tessera::models
