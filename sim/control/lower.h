// Gives a program whose transfers wait for each other the controllers that the array has: its transfers become tasks of
// a few descriptors, and every controller a list that writes these, starts them and waits for the tokens they need, in
// the order in which they would run if starting them were free. Channels that nobody waits for and that loop over few
// descriptors without waiting stay as they are: they are configured with the design.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/switch_write.h"

namespace tessera::control {

// `durations` of its calls, for that order. A program that has controllers' lists already, and one for an array without
// controllers, comes back as it is. Controllers write the switches as `switches` says. `circuits`: by route,
// whether it goes as circuits wherever it goes; empty: all do. Fails when it never ends, or when a tile has too few
// descriptors.
Expected<program::Program> lower(program::Program program, const arch::ArraySpec& array,
                                 const std::vector<Millicycles>& durations,
                                 const std::vector<program::SwitchWrite>& switches = {},
                                 const std::vector<bool>& circuits = {});

}  // namespace tessera::control
