// Which code stands in the program memory of every core, and when other code is loaded: a program whose calls name the
// code they run gets a `load` at the head of every core, and one more wherever the next call runs code that has no room
// beside what stands there. Each load brings all that its core needs until the next one. Cores load at the same layer
// where they can (code_phases.h).
#pragma once
#include <functional>
#include <optional>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::lower {

// The code that a call runs; nothing: how large it is was not stated.
using CodeOf =
    std::function<std::optional<program::KernelCode>(const program::KernelCall& call, const network::Layer& layer)>;

// Leaves a program alone whose code is placed. Fails with does_not_fit where code has to be loaded on an array that
// does not swap, or cannot be: one kernel larger than the memory, a loop whose kernels have no room together.
Expected<program::Program> place_code(program::Program program, const arch::ArraySpec& array, const CodeOf& code_of);

}  // namespace tessera::lower
