// What a simulation says, as result.json has it.
#pragma once
#include <nlohmann/json.hpp>

#include "sim/cost/bound.h"
#include "sim/exec/backend.h"
#include "sim/run/run_config.h"

namespace tessera::run {

// R of result.json: one density. `bounds` null: no bounds; a schedule without layer reports (a program read from a
// file): no imbalance.
nlohmann::json density_result(const schedule::Schedule& schedule, const arch::ArraySpec& array,
                              const exec::SimResult& sim, const cost::Bounds* bounds);

// Multiply-accumulates of a layer that are executed: those of the 8x8 blocks that are present.
std::int64_t executed_macs(const program::Program& program, const program::ProgramLayer& layer);

// The layer table of result.json as CSV: one line per density and layer, units in the column names.
std::string layers_csv(const nlohmann::json& result);

}  // namespace tessera::run
