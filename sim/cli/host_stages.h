// Runs with operators on the host: the array computes the network in stages, and waits while the host computes what is
// between them. The host's times are the user's; nothing of them is simulated.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/onnx_model.h"
#include "sim/result/staged_run.h"

namespace tessera::cli {

struct ModelStage {
  std::vector<import::HostCall> host;  // first
  std::optional<ModelRun> array;
};

// An ONNX file with the operators of --host; of every stage the run config that it stands for.
Expected<std::vector<ModelStage>> open_stages(const std::string& path, const ModelOptions& options,
                                              const std::vector<std::string>& sets);

// The calls of the stages, without runs so far.
result::StagedRun staged_run(const std::vector<ModelStage>& stages);

// "host: 2 calls of LSTM, 500.00 us: ..." for the first screen.
std::string host_summary(const result::StagedRun& run);
// A line per call of a stage.
std::string host_lines(const std::vector<import::HostCall>& calls);

// What all took together, a column per density.
std::string staged_report(const result::StagedRun& run);

}  // namespace tessera::cli
