// A network that array and host compute in turns: runs of the stages, and the calls between them with the times that
// the user gave.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/result/run_result.h"

namespace tessera::result {

struct StagedCall {
  std::int64_t before_stage = 0;  // from 0
  std::string node, op;
  double us = 0;
  std::int64_t elements_read = 0, elements_made = 0;
};

struct StagedRun {
  std::vector<StagedCall> host;
  std::vector<RunResult> stages;

  double host_us() const;
  // Sum of the dense or the sparse latencies; none where a stage lacks it.
  std::optional<double> array_us(bool dense) const;
};

std::string json_text(const StagedRun& run);

}  // namespace tessera::result
