// The road of one run, in order: masks -> bounds -> schedule -> verify -> simulate -> result. Nothing here prints, and
// every problem comes back as a value. Simulating uses the SystemC kernel, which works once per process: call
// `run_density` in an IsolatedTask (sim/run/isolate.h) when more than one simulation is wanted.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/cost/bound.h"
#include "sim/exec/backend.h"
#include "sim/result/run_result.h"
#include "sim/route/plan.h"
#include "sim/run/dense_decision.h"
#include "sim/run/run_config.h"

namespace tessera::run {

enum class Density { dense, sparse };
const char* density_name(Density d);  // "dense", "sparse"

// A schedule with the bounds it is judged by.
struct Plan {
  route::Plan routes;
  schedule::Schedule schedule;
  std::optional<cost::Bounds> bounds;        // none where they do not apply
  std::vector<Millicycles> durations;        // by kernel call
  std::optional<exec::SimResult> simulated;  // of whole descriptors, where that was done to choose the schedule
};

struct PlanOptions {
  bool routed = true;              // or streams are routed only where controllers need that
  bool remembered = false;         // the mapping that the same run had before, if there was one (remembered.h)
  DenseDecision* dense = nullptr;  // shared with the process that plans the other density; null: there is none
};

// Schedules and verifies; simulates nothing.
Expected<Plan> make_plan(const RunConfig& config, Density density, const PlanOptions& options = {});

// Whose masks a program was made for: dense when every block is present.
Density program_density(const program::Program& program);

// A program brought by the user instead of a schedule: verified, for the network of the config; its masks are its own.
// It has bounds when its masks are those of the config.
Expected<Plan> plan_from_program(const RunConfig& config, const std::string& file);

struct RunOptions {
  bool functional = false;  // move real data and compare every layer with the reference
  std::string data;         // .npz with weights and input of a functional run; empty: from the seed
  trace::TraceSink* trace = nullptr;
  bool routed = false;   // of run_density: route the streams; sweeps of many runs do without
  bool control = false;  // estimate what one serial controller would need, where transfers are started for free
  DenseDecision* dense = nullptr;  // of run_density: see make_plan
};

// Simulates a plan. A simulation below its bound, or a layer below its compute bound, is a Failure. `density` says
// whose masks the functional data has.
Expected<result::DensityResult> simulate_plan(const RunConfig& config, const Plan& plan, Density density,
                                              const RunOptions& options = {});

// make_plan + simulate_plan in this process.
Expected<result::DensityResult> run_density(const RunConfig& config, Density density, const RunOptions& options = {});

// The run of the densities that were simulated. What a schedule was told (policy, sparsity) is left out when a program
// was read from `program_file` instead.
result::RunResult make_result(const RunConfig& config, std::optional<result::DensityResult> dense,
                              std::optional<result::DensityResult> sparse, const std::string& program_file = "");

// Hash (16 hex digits) of everything that decides the outcome of one density: network, hardware, kernel latency model,
// schedule, accounting, fidelity, seed, and for the sparse one its masks. Names, paths and descriptions do not enter.
std::string content_hash(const RunConfig& config, Density density);

// The same by parts, for many runs that share some: a JSON object as the text of each member. "masks" depends on
// network and sparsity, the other parts on everything but sparsity.
using JsonParts = std::map<std::string, std::string>;
JsonParts parts_of(const nlohmann::json& object);
std::string text_of(const JsonParts& parts);  // what object.dump() gives
JsonParts content_parts(const RunConfig& config, Density density);
std::string content_hash(const JsonParts& parts);

}  // namespace tessera::run
