// What the kernel times of a program rest on: measured kernels at shapes between theirs, measured kernels of other
// shapes, or no measurement at all.
#pragma once
#include <vector>

#include "sim/cost/latency_model.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"

namespace tessera::run {

// Into `density`: the shares of the time in kernel calls and, where calls are extrapolated,
// `extrapolated` for the run and for each such layer: the shape with the most time and the shapes that were measured.
void add_kernel_footing(result::DensityResult& density, const program::Program& program,
                        const cost::LatencyModel& latency_model, const std::vector<Millicycles>& durations);

}  // namespace tessera::run
