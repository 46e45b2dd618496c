// What a program asks of whoever writes descriptors, which the simulation takes as free: how many transfers there are,
// how many descriptors they need, and how long one serial controller would be busy with those alone.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"

namespace tessera::run {

// serial_us: `written` at controller.operation_ns each, starts and waits free; none where the hardware states no
// operation.
result::ControlWork control_cost(const program::Program& program, const arch::ArraySpec& array);

}  // namespace tessera::run
