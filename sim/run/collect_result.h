// Takes what a simulation and its plan say into the typed result.
#pragma once
#include "sim/cost/bound.h"
#include "sim/exec/backend.h"
#include "sim/result/run_result.h"
#include "sim/run/run_config.h"

namespace tessera::run {

// One density. `bounds` null: no bounds; a schedule without layer reports (a program read from a file): no imbalance.
result::DensityResult density_result(const schedule::Schedule& schedule, const arch::ArraySpec& array,
                                     const exec::SimResult& sim, const cost::Bounds* bounds);

// Of a batch: when each of its images was on the array.
std::vector<result::ImageResult> image_results(const RunConfig& config, const exec::SimResult& sim);

// The array of a run and where its numbers come from.
result::HardwareResult hardware_result(const RunConfig& config);

// Multiply-accumulates of a layer that are executed: those of the 8x8 blocks that are present.
std::int64_t executed_macs(const program::Program& program, const program::ProgramLayer& layer);

}  // namespace tessera::run
