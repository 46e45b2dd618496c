// How the streams of a program go through the switches, for the result.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"
#include "sim/route/plan.h"

namespace tessera::run {

result::Routing routing_result(const program::Program& program, const arch::ArraySpec& array, const route::Plan& plan);

}  // namespace tessera::run
