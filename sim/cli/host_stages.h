// Runs with operators on the host: the array computes the network in stages, and waits while the host computes what is
// between them. The host's times are the user's; nothing of them is simulated.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/onnx_model.h"
#include "sim/result/run_result.h"

namespace tessera::cli {

struct ModelStage {
  std::vector<import::HostCall> host;  // first
  std::optional<ModelRun> array;
};

// An ONNX file with the operators of --host; of every stage the run config that it stands for.
Expected<std::vector<ModelStage>> open_stages(const std::string& path, const ModelOptions& options,
                                              const std::vector<std::string>& sets);

// "host: 2 calls of LSTM, 500.00 us: ..." for the first screen.
std::string host_summary(const std::vector<ModelStage>& stages);
// A line per call of a stage.
std::string host_lines(const std::vector<import::HostCall>& calls);

// What all took together: "in all, dense: 1.20 ms, array 0.95 ms and host 0.25 ms", a line per density.
std::string staged_times(const std::vector<ModelStage>& stages, const std::vector<result::RunResult>& results);
nlohmann::json staged_json(const std::vector<ModelStage>& stages, const std::vector<result::RunResult>& results);

}  // namespace tessera::cli
