// The road of one run, in order: masks -> bounds -> schedule -> verify -> simulate -> result. Nothing here prints, and
// every problem comes back as a value. Simulating uses the SystemC kernel, which works once per process: call
// `run_density` through `isolated` (sim/run/isolate.h) when more than one simulation is wanted.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/cost/bound.h"
#include "sim/run/run_config.h"

namespace tessera {

enum class Density { dense, sparse };
const char* density_name(Density d);  // "dense", "sparse"

// A verified schedule with the bounds it is judged by.
struct Plan {
  Schedule schedule;
  Bounds bounds;
  std::vector<Millicycles> durations;  // by kernel call
};

// Schedules and verifies; simulates nothing.
Expected<Plan> make_plan(const RunConfig& config, Density density);

struct RunOptions {
  bool functional = false;
  TraceSink* trace = nullptr;
};

// Simulates a plan and returns R of result.json: cycles, latency_us, bound_us, layer_bound_us, macs,
// core_utilization, ddr_read_bytes, ddr_write_bytes, traffic, program hash, layers[]. Beating bound_us is a Failure.
Expected<nlohmann::json> simulate_plan(const RunConfig& config, const Plan& plan, const RunOptions& options = {});

// make_plan + simulate_plan in this process.
Expected<nlohmann::json> run_density(const RunConfig& config, Density density, const RunOptions& options = {});

// result.json from the two densities; either may be null.
nlohmann::json make_result(const RunConfig& config, const nlohmann::json& dense, const nlohmann::json& sparse);

// Hash (16 hex digits) of everything that decides the outcome of one density: network, hardware, schedule, accounting,
// fidelity, seed, and for the sparse one its masks. Names, paths and descriptions do not enter.
std::string content_hash(const RunConfig& config, Density density);

}  // namespace tessera
