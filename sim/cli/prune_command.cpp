// Which blocks of a network to leave out so that it stays within a budget of time, weight bytes or energy.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "sim/base/message.h"
#include "sim/cli/commands.h"
#include "sim/cli/finite_number.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/result_folder.h"
#include "sim/cli/target_file.h"
#include "sim/cli/weight_masks.h"
#include "sim/import/pruned_file.h"
#include "sim/pruning/pruner.h"
#include "sim/result/prune_result.h"
#include "sim/sparsity/generators.h"

namespace tessera::cli {
namespace {
namespace fs = std::filesystem;

struct PruneArguments {
  std::string model, out, importance = "l2", gradients;
  std::array<std::optional<double>, pruning::quantity_count> budgets;  // by quantity
  double least_density = 0;
  std::vector<int> block{8, 8};
  std::vector<std::string> layer_blocks, patterns, spare, sets;
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

// The budget; problems when there is none, two, or one of what the run does not count.
pruning::Budget read_budget(const PruneArguments& arguments, const ModelRun* model, Failure& wrong) {
  pruning::Budget budget;
  std::vector<std::string> given, all;
  for (const pruning::Quantity quantity : pruning::quantities) {
    all.emplace_back(option_of(quantity));
    const std::optional<double>& most = arguments.budgets[static_cast<std::size_t>(quantity)];
    if (!most) continue;
    budget = {quantity, *most};
    given.push_back(all.back());
  }
  if (given.size() != 1)
    wrong.problems.push_back(
        {"", given.empty() ? all[0] : given[0],
         given.empty() ? "is missing, as is every other budget" : fmt::format("stands beside {}", given[1]),
         fmt::format("legal: exactly one of {}", fmt::join(all, ", "))});
  else if (budget.quantity == pruning::Quantity::energy_uj && model != nullptr && !model->config.energy)
    wrong.problems.push_back({"", given[0], fmt::format("hardware '{}' states no energy", model->config.array.name),
                              "legal: with hardware that has `energy`"});
  return budget;
}

// "NAME=ROWS,COLUMNS" as a key of a run config, checked as such.
std::vector<std::string> block_sets(const PruneArguments& arguments, Failure& wrong) {
  std::vector<std::string> sets{fmt::format("sparsity.block=[{},{}]", arguments.block[0], arguments.block[1])};
  for (const std::string& text : arguments.layer_blocks) {
    const std::size_t at = text.rfind('=');
    if (at == std::string::npos || at == 0 || text.find(',', at) == std::string::npos)
      wrong.problems.push_back({"", "--layer-block", "is '" + text + "'", "NAME=ROWS,COLUMNS"});
    else
      sets.push_back(fmt::format("sparsity.layers.\"{}\".block=[{}]", text.substr(0, at), text.substr(at + 1)));
  }
  return sets;
}

void print_table(const run::RunConfig& config, const pruning::Pruned& pruned, pruning::Quantity quantity) {
  const bool time = quantity == pruning::Quantity::latency_us;
  fmt::print("{:32} {:>6} {:>7} {:>11} {:>9} {:>9}  {}{}bound by\n", "layer", "blocks", "zero", "kept", "us before",
             "us after", time ? "" : fmt::format("{0:>9} {0:>9}  ", unit_of(quantity)), "pattern    ");
  for (const pruning::PrunedRow& row : pruned.layers) {
    std::string budgeted;
    if (!time)
      budgeted = fmt::format("{0:9.{2}f} {1:9.{2}f}  ", amount(row.before, quantity), amount(row.after, quantity),
                             quantity == pruning::Quantity::weight_bytes ? 0 : 2);
    fmt::print("{:32} {:6} {:5.1f} % {:9.2f} % {:9.1f} {:9.1f}  {}{:11}{}\n",
               config.network.layers[static_cast<std::size_t>(row.layer)].name, row.blocks,
               100.0 * static_cast<double>(row.zeros) / static_cast<double>(row.blocks), 100 * row.kept,
               amount(row.before, pruning::Quantity::latency_us), amount(row.after, pruning::Quantity::latency_us),
               budgeted, row.zeros == 0 ? "dense" : pattern_name(row.pattern), row.binds);
  }
}

std::string csv_of(const run::RunConfig& config, const pruning::Pruned& pruned) {
  std::string text = "layer,block_rows,block_columns,blocks,zero_blocks,zero_share,pattern,importance_kept";
  for (const pruning::Quantity q : pruning::quantities) text += fmt::format(",{0}_before,{0}_after", quantity_name(q));
  text += ",bound_by\n";
  for (const pruning::PrunedRow& row : pruned.layers) {
    const auto id = static_cast<std::size_t>(row.layer);
    text += fmt::format("{},{},{},{},{},{:.4f},{},{:.6f}", config.network.layers[id].name, pruned.masks[id]->bc,
                        pruned.masks[id]->bi, row.blocks, row.zeros,
                        static_cast<double>(row.zeros) / static_cast<double>(row.blocks), pattern_name(row.pattern),
                        row.kept);
    for (const pruning::Quantity q : pruning::quantities)
      text += fmt::format(",{:.3f},{:.3f}", amount(row.before, q), amount(row.after, q));
    text += "," + row.binds + "\n";
  }
  return text;
}

std::string summary(const pruning::Pruned& pruned, const pruning::Budget& budget) {
  const auto text_of = [&](double value) { return amount_text(value, budget.quantity); };
  std::string text = fmt::format(
      "before {}, pruned {} for a budget of {}; at the least {}\n", text_of(amount(pruned.before, budget.quantity)),
      text_of(amount(pruned.after, budget.quantity)), text_of(budget.most), text_of(pruned.least));
  if (budget.quantity != pruning::Quantity::latency_us)
    text +=
        fmt::format("time before {:.1f} us, pruned {:.1f} us\n", amount(pruned.before, pruning::Quantity::latency_us),
                    amount(pruned.after, pruning::Quantity::latency_us));
  text += fmt::format("importance kept {:.2f} %; a uniform share of {:.1f} % takes as much and keeps {:.2f} %\n",
                      100 * pruned.kept, 100 * pruned.uniform_share, 100 * pruned.uniform_kept);
  return text;
}

result::PruneAmounts amounts_of(const pruning::Amounts& amounts, bool energy) {
  result::PruneAmounts result;
  result.latency_us = amount(amounts, pruning::Quantity::latency_us);
  result.weight_bytes = std::llround(amount(amounts, pruning::Quantity::weight_bytes));
  if (energy) result.energy_uj = amount(amounts, pruning::Quantity::energy_uj);
  return result;
}

result::PruneAmounts amounts_of(const pruning::Budget& budget) {
  result::PruneAmounts result;
  switch (budget.quantity) {
    case pruning::Quantity::latency_us:
      result.latency_us = budget.most;
      break;
    case pruning::Quantity::weight_bytes:
      result.weight_bytes = std::llround(budget.most);
      break;
    case pruning::Quantity::energy_uj:
      result.energy_uj = budget.most;
      break;
  }
  return result;
}

result::PruneResult result_of(const PruneArguments& arguments, const pruning::Budget& budget,
                              const run::RunConfig& config, const pruning::Pruned& pruned) {
  const bool energy = config.energy.has_value();
  result::PruneResult result;
  result.network = config.name;
  result.hardware = config.array.name;
  result.importance = arguments.importance;
  result.budget = amounts_of(budget);
  result.before = amounts_of(pruned.before, energy);
  result.pruned = amounts_of(pruned.after, energy);
  result.least = pruned.least;
  result.importance_kept = pruned.kept;
  result.uniform_share = pruned.uniform_share;
  result.uniform_importance_kept = pruned.uniform_kept;
  result.simulations = pruned.simulations;
  return result;
}

std::optional<Failure> write_results(const PruneArguments& arguments, const pruning::Budget& budget, ModelRun& model,
                                     const pruning::Pruned& pruned) {
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
  if (auto failure = write_file((folder / "layers.csv").string(), csv_of(config, pruned))) return failure;
  const std::string result = result::json_text(result_of(arguments, budget, config, pruned));
  if (auto failure = write_file((folder / "result.json").string(), result)) return failure;
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
  for (std::string& set : block_sets(arguments, wrong)) own.sets.push_back(std::move(set));
  Expected<ModelRun> model = open_model(arguments.model, own.options, own.sets);
  if (!model) take(wrong, model.failure());
  pruning::PruneSpec spec;
  spec.budget = read_budget(arguments, model ? &*model : nullptr, wrong);
  spec.importance = *sparsity::find_importance(arguments.importance);
  spec.least_density = arguments.least_density;
  spec.spare = arguments.spare;
  if (!arguments.patterns.empty()) spec.patterns.clear();
  for (const std::string& name : arguments.patterns) spec.patterns.push_back(*sparsity::find_pattern(name));
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
  print_table(model->config, *pruned, spec.budget.quantity);
  fmt::print("\n{}", summary(*pruned, spec.budget));
  if (auto failure = write_results(arguments, spec.budget, *model, *pruned)) return report_failure(*failure);
  fmt::print("masks, ONNX file, weights, table and run config in {}\n", arguments.out);
  return 0;
}
}  // namespace

void add_prune_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<PruneArguments>();
  CLI::App* command =
      app.add_subcommand("prune", "Choose the blocks to leave out so that an ONNX file stays within a budget");
  command->add_option("model", arguments->model, ".onnx or .onnx.gz")->required();
  add_model_options(*command, arguments->options);
  const char* budgets[] = {"budget: time on the array, in microseconds",
                           "budget: bytes of the weights as stored in DDR",
                           "budget: energy, in microjoules, of hardware that states it"};
  for (const pruning::Quantity q : pruning::quantities)
    command->add_option(option_of(q), arguments->budgets[static_cast<std::size_t>(q)], budgets[static_cast<int>(q)])
        ->check(positive_number());
  command->add_option("--out", arguments->out, "folder for masks, pruned ONNX file, weights, table and run config")
      ->required();
  command->add_option("--importance", arguments->importance, "of a block; default l2")
      ->check(CLI::IsMember(sparsity::importance_names()));
  command->add_option("--gradients", arguments->gradients, ".npz, for --importance taylor or fisher");
  command->add_option("--block", arguments->block, "ROWS,COLUMNS: output by input channels; default 8,8")
      ->delimiter(',')
      ->expected(2)
      ->check(CLI::IsMember(sparsity::legal_block_sides()));
  command
      ->add_option("--layer-block", arguments->layer_blocks,
                   "NAME=ROWS,COLUMNS: blocks of a layer of another size; repeatable")
      ->allow_extra_args(false);
  command
      ->add_option("--pattern", arguments->patterns,
                   "how zero blocks may lie: free (default), balanced, clustered; of several each layer takes the best")
      ->delimiter(',')
      ->check(CLI::IsMember(sparsity::pattern_names()));
  command->add_option("--spare", arguments->spare, "a layer that keeps all of its blocks; repeatable")
      ->allow_extra_args(false);
  command
      ->add_option("--min-density", arguments->least_density, "share of its blocks that every layer keeps; default 0")
      ->check(CLI::Range(0.0, 1.0))
      ->check(finite_number());
  command->add_option("--set", arguments->sets, set_help)->allow_extra_args(false);
  command->callback([arguments, &exit_code] { exit_code = prune(*arguments); });
}

}  // namespace tessera::cli
