// ONNX files as what a command runs: the run config that they stand for, with masks from their weights.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "sim/import/import.h"
#include "sim/result/run_result.h"
#include "sim/run/run_config.h"

namespace tessera::cli {

// Options that only an ONNX file has.
struct ModelOptions {
  std::string hardware;            // name in configs/hardware, or a path
  std::vector<std::string> sizes;  // "N=1"
  std::vector<std::string> host;   // "LSTM=250us"
};
void add_model_options(CLI::App& command, ModelOptions& options);
void add_host_option(CLI::App& command, ModelOptions& options);

// Of --dim; what is no NAME=SIZE is a problem.
import::DimensionSizes read_sizes(const ModelOptions& options, std::vector<Problem>& problems);

struct ModelRun {
  run::RunConfig config;
  import::Imported imported;
  std::string masks;  // where those of the sparse run come from, in one line
};
// The run of what was read.
Expected<ModelRun> model_run(import::Imported imported, const ModelOptions& options,
                             const std::vector<std::string>& sets);
Expected<ModelRun> open_model(const std::string& path, const ModelOptions& options,
                              const std::vector<std::string>& sets);

// A run config or an ONNX file, by its name; `model` gets the latter. `data`: .npz of --data, or empty.
Expected<run::RunConfig> open_config(const std::string& path, const ModelOptions& options,
                                     const std::vector<std::string>& sets, std::optional<ModelRun>& model,
                                     const std::string& data = "");

// Int8 weights and int32 biases by layer, as `run --functional --data` takes them.
// Weights in zero blocks of `masks` are zero.
std::optional<Failure> write_weights(const std::string& path, const import::Imported& imported,
                                     const std::vector<std::optional<sparsity::BlockMask>>& masks = {});

// "4,089,184,256 multiply-accumulates: ..." and what was left out.
result::FileMacs file_macs(const import::Imported& imported);
std::string import_summary(const import::Imported& imported);

}  // namespace tessera::cli
