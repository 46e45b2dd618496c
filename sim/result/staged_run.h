// A network that array and host compute in turns: runs of the stages, and the calls between them with the times that
// the user gave. Stages and calls follow each other without overlap, hence times, bounds and energies add up.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/result/metric.h"

namespace tessera::result {

struct StagedCall {
  std::int64_t before_stage = 0;  // index in `stages` of the result; their number: behind the last one
  std::string node, op;
  double us = 0;
  std::int64_t elements_read = 0, elements_made = 0;  // of tensors
};

// Sums over the stages of one density. Optional members are sums only where every stage has them.
struct StagedDensity {
  double host_us = 0, array_us = 0, dispatch_us = 0;
  std::int64_t macs = 0;
  std::optional<double> bound_us;  // host included
  std::optional<double> energy_uj;
  std::optional<std::int64_t> control_operations;

  double total_us() const { return host_us + array_us + dispatch_us; }
};

struct StagedRun {
  std::vector<StagedCall> host;
  std::vector<RunResult> stages;

  double host_us() const;
  // None where a stage lacks it.
  std::optional<StagedDensity> density(bool dense) const;
};

const std::vector<Metric<StagedRun>>& staged_metrics();
const std::vector<Metric<StagedCall>>& staged_call_metrics();        // of `host[]`
const std::vector<Metric<StagedDensity>>& staged_density_metrics();  // of `dense` and `sparse`

std::string json_text(const StagedRun& run);

}  // namespace tessera::result
