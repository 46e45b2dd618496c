// How the streams of a program go through the switches, for the result.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"
#include "sim/route/plan.h"

namespace tessera::run {

// The program with the lists of its controllers, which write switches between layers where streams need that. Where
// what waits for them would wait for ever, nothing is written: all routes are there at once, whatever switches lack for
// it.
Expected<program::Program> with_controllers(program::Program program, const arch::ArraySpec& array,
                                            const std::vector<Millicycles>& durations,
                                            route::KnownPlans* known = nullptr);

result::Routing routing_result(const program::Program& program, const arch::ArraySpec& array, const route::Plan& plan);

}  // namespace tessera::run
