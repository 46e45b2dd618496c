#include <fmt/format.h>

#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/host_stages.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/cli/sparsity_report.h"
#include "sim/cli/target_file.h"
#include "sim/network/graph.h"
#include "sim/result/plan_summary.h"
#include "sim/run/batch.h"
#include "sim/run/pipeline.h"
#include "sim/run/sparsity_result.h"
#include "sim/schedule/registry.h"

namespace tessera::cli {
namespace {
result::PlanSummary summary(const network::Network& network, const run::Plan& plan) {
  const program::Program& program = plan.schedule.program;
  result::PlanSummary summary;
  summary.layers = static_cast<std::int64_t>(program.layers.size());
  summary.kernel_calls = static_cast<std::int64_t>(program.calls.size());
  summary.ddr_bytes = program.ddr_bytes;
  if (!plan.bounds) return summary;
  std::vector<double> cost;
  for (const cost::LayerBound& bound : plan.bounds->layers) cost.push_back(bound.alone.us);
  const network::CriticalPath path = critical_path(network, cost);
  result::PlanBounds& bounds = summary.bounds.emplace();
  for (network::LayerId layer : path.layers) bounds.critical_path.push_back(network.layers[layer].name);
  bounds.critical_path_us = path.cost;
  bounds.alone_us = plan.bounds->alone_us;
  bounds.compute_us = plan.bounds->compute_us;
  bounds.ddr_us = plan.bounds->ddr_us;
  bounds.bound_us = plan.bounds->bound_us();
  bounds.estimate_us = plan.schedule.estimate_us;
  return summary;
}

void print(run::Density density, const result::PlanSummary& plan, const schedule::RegisteredPolicy& policy) {
  fmt::print("{:<7} scheduled and verified: {} layers, {} kernel calls, {} of DDR\n", density_name(density),
             plan.layers, with_commas(plan.kernel_calls), show_bytes(static_cast<double>(plan.ddr_bytes)));
  if (!plan.bounds) return;
  const result::PlanBounds& bounds = *plan.bounds;
  fmt::print("        the scheduler's estimate {}, no simulation: {}\n", show_time(bounds.estimate_us),
             policy.estimate);
  fmt::print("        no schedule beats {}: compute {}, DDR {}\n", show_time(bounds.bound_us),
             show_time(bounds.compute_us), show_time(bounds.ddr_us));
  fmt::print(
      "        layers alone, one after another, at least {}; the longest chain of dependent ones, {} of them, {}\n",
      show_time(bounds.alone_us), bounds.critical_path.size(), show_time(bounds.critical_path_us));
}

// Schedules and verifies both densities.
int check_config(const run::RunConfig& config, const std::string& json_file) {
  fmt::print("{}: {} on {} {}x{}\n", config.name, config.network.name, config.array.name, config.array.rows,
             config.array.cols);
  const schedule::RegisteredPolicy& policy = *schedule::find_policy(config.schedule.policy);
  const network::Network network = batch_of(config).network;
  const network::LivePeak peak = live_peak(network, policy.products);
  fmt::print("tensors alive at once: up to {}, at {}; memory tiles hold {}\n",
             show_bytes(static_cast<double>(peak.bytes)), network.layers[peak.layer].name,
             show_bytes(static_cast<double>(config.array.memtiles() * config.array.memtile.memory.size)));
  fmt::print("{}", sparsity_report(sparsity_result(config)));
  std::vector<result::PlanSummary> plans;  // dense, sparse
  for (const run::Density density : {run::Density::dense, run::Density::sparse}) {
    const Expected<run::Plan> plan = [&] {
      const ProgressLine line(config.name + ", " + density_name(density));
      return make_plan(config, density);
    }();
    if (!plan) return report_failure(plan.failure());
    print(density, plans.emplace_back(summary(network, *plan)), policy);
  }
  if (json_file.empty()) return 0;
  const std::optional<Failure> failure = write_text(json_file, result::json_text(plans[0], plans[1]));
  return failure ? report_failure(*failure) : 0;
}

int check(const std::string& file, const ModelOptions& options, const std::vector<std::string>& sets,
          const std::string& json_file) {
  std::optional<ModelRun> model;
  const Expected<run::RunConfig> config = [&] {
    const ProgressLine line(file);
    return open_config(file, options, sets, model);
  }();
  Failure wrong{ExitCode::bad_input, unwritable_files({}, {file}, json_file)};
  if (!config)
    wrong.problems.insert(wrong.problems.end(), config.failure().problems.begin(), config.failure().problems.end());
  if (!wrong.problems.empty()) return report_failure(wrong);
  if (model) fmt::print("{}masks: {}\n", import_summary(model->imported), model->masks);
  return check_config(*config, json_file);
}

// With operators on the host: every stage for itself.
int check_stages(const std::string& file, const ModelOptions& options, const std::vector<std::string>& sets,
                 const std::string& json_file) {
  const Expected<std::vector<ModelStage>> stages = open_stages(file, options, sets);
  Failure wrong{ExitCode::bad_input, {}};
  if (!json_file.empty())
    wrong.problems.push_back(
        {"", "--json", "beside --host, with which there is more than one schedule", "legal: without --host"});
  if (!stages)
    wrong.problems.insert(wrong.problems.end(), stages.failure().problems.begin(), stages.failure().problems.end());
  if (!wrong.problems.empty()) return report_failure(wrong);
  fmt::print("{}", host_summary(staged_run(*stages)));
  for (const ModelStage& stage : *stages) {
    fmt::print("{}", host_lines(stage.host));
    if (!stage.array) continue;
    fmt::print("{}masks: {}\n", import_summary(stage.array->imported), stage.array->masks);
    if (const int code = check_config(stage.array->config, ""); code != 0) return code;
  }
  return 0;
}
}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string config, json, mapping;
    std::vector<std::string> sets;
    ModelOptions model;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("check", "Validate a run config, schedule it and verify it; simulate nothing");
  command
      ->add_option("config", arguments->config,
                   "run config, for example configs/runs/resnet50_4x4.json, or an ONNX file")
      ->required();
  add_model_options(*command, arguments->model);
  add_host_option(*command, arguments->model);
  command->add_option("--set", arguments->sets, set_help)->allow_extra_args(false);
  command->add_option("--mapping", arguments->mapping, mapping_help);
  command->add_option("--json", arguments->json, "also write estimate, bounds and critical path to this file");
  command->callback([arguments, &exit_code] {
    if (!arguments->mapping.empty()) arguments->sets.push_back(mapping_set(arguments->mapping));
    const bool staged = import::is_onnx(arguments->config) && !arguments->model.host.empty();
    exit_code = (staged ? check_stages : check)(arguments->config, arguments->model, arguments->sets, arguments->json);
  });
}

}  // namespace tessera::cli
