// How the streams of a program go through the switches, for the result.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"
#include "sim/route/switch_writes.h"

namespace tessera::run {

// What controllers write into the switches of the array while the program runs; nothing where there are none.
std::vector<program::SwitchWrite> switch_writes(const program::Program& program, const arch::ArraySpec& array);

result::Routing routing_result(const program::Program& program, const arch::ArraySpec& array, const route::Plan& plan);

}  // namespace tessera::run
