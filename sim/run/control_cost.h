// What a program asks of controllers: how many transfers there are, how many descriptors they need, the operations that
// start them, and how long these take at the least. Where the hardware has no controller that is free, and what one
// serial controller would need is estimated beside it.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"

namespace tessera::run {

// serial_us: `written` at controller.operation_ns each, starts and waits free; none where the hardware states no
// operation.
result::ControlWork control_cost(const program::Program& program, const arch::ArraySpec& array);

// What controllers do for each layer of the result; nothing where there are none.
void add_layer_control(result::DensityResult& density, const program::Program& program, const arch::ArraySpec& array);

// What the busiest controller does for every layer, by LayerId, in cycles; 0 where there is none.
std::vector<double> control_cycles(const program::Program& program, const arch::ArraySpec& array);

// Of a program without controllers: what one serial controller would have to do. `durations` of its calls.
void add_serial_estimate(result::ControlWork& work, const program::Program& program, const arch::ArraySpec& array,
                         const std::vector<Millicycles>& durations);

}  // namespace tessera::run
