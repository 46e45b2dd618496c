// Which blocks of a network to leave out so that it runs in a given time.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "sim/base/message.h"
#include "sim/cli/commands.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/result_folder.h"
#include "sim/cli/target_file.h"
#include "sim/cli/weight_masks.h"
#include "sim/import/pruned_file.h"
#include "sim/pruning/pruner.h"
#include "sim/sparsity/generators.h"

namespace tessera::cli {
namespace {
namespace fs = std::filesystem;

struct PruneArguments {
  std::string model, out, importance = "l2", gradients;
  double latency_us = 0, least_density = 0;
  std::vector<int> block{8, 8};
  std::vector<std::string> spare, sets;
  ModelOptions options;
};

void take(Failure& wrong, const Failure& failure) {
  wrong.problems.insert(wrong.problems.end(), failure.problems.begin(), failure.problems.end());
}

// Layers to spare and gradients, as the network has them.
void check_layers(const PruneArguments& arguments, const ModelRun& model,
                  const std::optional<sparsity::WeightsByLayer>& gradients, Failure& wrong) {
  std::vector<std::string> names;
  for (const auto& [name, weights] : weights_by_layer(model.imported)) {
    names.push_back(name);
    if (!gradients) continue;
    const auto it = gradients->find(name);
    if (it == gradients->end() || it->second.values.size() != weights.values.size() || it->second.cout != weights.cout)
      wrong.problems.push_back({arguments.gradients, name + ".weight",
                                it == gradients->end() ? "is missing" : "has another shape than the weights",
                                fmt::format("{} x {} taps x {}", weights.cout, weights.taps, weights.cin)});
  }
  for (const std::string& name : arguments.spare) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string near = nearest_name(name, names);
    wrong.problems.push_back({"", "--spare", fmt::format("there is no layer with weights called '{}'", name),
                              near.empty() ? "legal: the name of a conv2d or gemm" : "did you mean '" + near + "'?"});
  }
}

std::string table(const run::RunConfig& config, const pruning::Pruned& pruned, const char* separator) {
  std::string text;
  for (const pruning::PrunedRow& row : pruned.layers) {
    const double share = static_cast<double>(row.zeros) / static_cast<double>(row.blocks);
    const std::string& name = config.network.layers[static_cast<std::size_t>(row.layer)].name;
    if (*separator == ',')
      text += fmt::format("{},{},{},{:.4f},{:.6f},{:.3f},{:.3f},{}\n", name, row.blocks, row.zeros, share, row.kept,
                          row.before_us, row.after_us, row.binds);
    else
      text += fmt::format("{:32} {:6} {:5.1f} % {:9.2f} % {:9.1f} {:9.1f}  {}\n", name, row.blocks, 100 * share,
                          100 * row.kept, row.before_us, row.after_us, row.binds);
  }
  return text;
}

std::string summary(const pruning::Pruned& pruned, double budget_us) {
  std::string text =
      fmt::format("before {:.1f} us, pruned {:.1f} us for a budget of {:.1f} us; at the least {:.1f} us\n",
                  pruned.before_us, pruned.latency_us, budget_us, pruned.least_us);
  text += fmt::format("importance kept {:.2f} %; a uniform share of {:.1f} % takes as long and keeps {:.2f} %\n",
                      100 * pruned.kept, 100 * pruned.uniform_share, 100 * pruned.uniform_kept);
  return text;
}

std::optional<Failure> write_results(const PruneArguments& arguments, ModelRun& model, const pruning::Pruned& pruned) {
  const fs::path folder(arguments.out);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(ExitCode::bad_input, {arguments.out, "--out", "cannot be made: " + error.message(), "another folder"});
  run::RunConfig& config = model.config;
  config.masks = pruned.masks;
  resolve_as_file(config);
  const bool packed = fs::path(arguments.model).extension() == ".gz";
  const std::string onnx = (folder / (packed ? "model.onnx.gz" : "model.onnx")).string();
  const auto masks = [&](const std::string& path) { return write_masks(path, config.network, config.masks); };
  if (auto failure = replace_file((folder / "masks.npz").string(), masks)) return failure;
  const auto pruned_model = [&](const std::string& path) {
    return write_pruned(arguments.model, path, model.imported, config.masks);
  };
  if (auto failure = replace_file(onnx, pruned_model)) return failure;
  const auto weights = [&](const std::string& path) { return write_weights(path, model.imported, config.masks); };
  if (auto failure = replace_file((folder / "weights.npz").string(), weights)) return failure;
  if (auto failure = write_file((folder / "layers.csv").string(),
                                "layer,blocks,zero_blocks,zero_share,importance_kept,before_us,after_us,bound_by\n" +
                                    table(config, pruned, ",")))
    return failure;
  const nlohmann::json result = {{"network", config.name},
                                 {"hardware", config.array.name},
                                 {"budget_us", arguments.latency_us},
                                 {"before_us", pruned.before_us},
                                 {"latency_us", pruned.latency_us},
                                 {"least_us", pruned.least_us},
                                 {"importance", arguments.importance},
                                 {"importance_kept", pruned.kept},
                                 {"uniform_share", pruned.uniform_share},
                                 {"uniform_importance_kept", pruned.uniform_kept}};
  if (auto failure = write_json((folder / "result.json").string(), result)) return failure;
  return write_json((folder / "config.json").string(), config.resolved);
}

int prune(const PruneArguments& arguments) {
  Failure wrong{ExitCode::bad_input, {}};
  if (std::optional<Problem> problem = unwritable_parent(arguments.out)) wrong.problems.push_back(std::move(*problem));
  for (const std::string& set : arguments.sets)
    if (set.rfind("sparsity.", 0) == 0)
      wrong.problems.push_back({"", "--set", set + " with prune, which chooses the blocks", "legal: other keys"});
  PruneArguments own = arguments;
  own.options.sizes.insert(own.options.sizes.begin(), "[0]=1");
  own.sets.push_back(fmt::format("sparsity.block=[{},{}]", arguments.block[0], arguments.block[1]));
  Expected<ModelRun> model = open_model(arguments.model, own.options, own.sets);
  if (!model) take(wrong, model.failure());
  pruning::PruneSpec spec{arguments.latency_us, *sparsity::find_importance(arguments.importance),
                          arguments.least_density, arguments.spare};
  std::optional<sparsity::WeightsByLayer> gradients;
  if (needs_gradients(spec.importance) == arguments.gradients.empty())
    wrong.problems.push_back({"", "--gradients",
                              arguments.gradients.empty() ? "is missing beside --importance " + arguments.importance
                                                          : "is not used by --importance " + arguments.importance,
                              "legal: with --importance taylor or fisher"});
  else if (!arguments.gradients.empty()) {
    Expected<sparsity::WeightsByLayer> read = sparsity::read_weights(arguments.gradients);
    if (read)
      gradients = std::move(*read);
    else
      take(wrong, read.failure());
  }
  if (model) check_layers(arguments, *model, gradients, wrong);
  if (!wrong.problems.empty()) return report_failure(wrong);
  const std::vector<pruning::LayerCandidates> layers =
      make_candidates(model->config, spec, weights_by_layer(model->imported), gradients ? &*gradients : nullptr);
  const Expected<pruning::Pruned> pruned =
      prune_network(model->config, spec, layers, [](const std::string& what) { message(stderr, "{}\n", what); });
  if (!pruned) return report_failure(pruned.failure());
  fmt::print("{:32} {:>6} {:>7} {:>11} {:>9} {:>9}  bound by\n", "layer", "blocks", "zero", "kept", "us before",
             "us after");
  fmt::print("{}\n{}", table(model->config, *pruned, " "), summary(*pruned, arguments.latency_us));
  if (auto failure = write_results(arguments, *model, *pruned)) return report_failure(*failure);
  fmt::print("masks, ONNX file, weights, table and run config in {}\n", arguments.out);
  return 0;
}
}  // namespace

void add_prune_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<PruneArguments>();
  CLI::App* command =
      app.add_subcommand("prune", "Choose the blocks to leave out so that an ONNX file runs in a given time");
  command->add_option("model", arguments->model, ".onnx or .onnx.gz")->required();
  add_model_options(*command, arguments->options);
  command->add_option("--latency-us", arguments->latency_us, "budget: time on the array, in microseconds")
      ->required()
      ->check(CLI::PositiveNumber);
  command->add_option("--out", arguments->out, "folder for masks, pruned ONNX file, weights, table and run config")
      ->required();
  command->add_option("--importance", arguments->importance, "of a block; default l2")
      ->check(CLI::IsMember(sparsity::importance_names()));
  command->add_option("--gradients", arguments->gradients, ".npz, for --importance taylor or fisher");
  command->add_option("--block", arguments->block, "ROWS,COLUMNS: output by input channels; default 8,8")
      ->delimiter(',')
      ->expected(2)
      ->check(CLI::IsMember(sparsity::legal_block_sides()));
  command->add_option("--spare", arguments->spare, "a layer that keeps all of its blocks; repeatable")
      ->allow_extra_args(false);
  command
      ->add_option("--min-density", arguments->least_density, "share of its blocks that every layer keeps; default 0")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--set", arguments->sets, set_help)->allow_extra_args(false);
  command->callback([arguments, &exit_code] { exit_code = prune(*arguments); });
}

}  // namespace tessera::cli
