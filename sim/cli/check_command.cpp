#include <fmt/format.h>

#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/sparsity_report.h"
#include "sim/cli/target_file.h"
#include "sim/network/graph.h"
#include "sim/run/pipeline.h"
#include "sim/run/sparsity_result.h"
#include "sim/schedule/registry.h"

namespace tessera::cli {
namespace {
using nlohmann::json;

// What is known of a plan before it is simulated.
json summary(const network::Network& network, const run::Plan& plan) {
  const program::Program& program = plan.schedule.program;
  json out = {
      {"layers", program.layers.size()}, {"kernel_calls", program.calls.size()}, {"ddr_bytes", program.ddr_bytes}};
  if (!plan.bounds) return out;  // the published accounting has neither estimate nor bound
  std::vector<double> cost;
  for (const cost::LayerBound& bound : plan.bounds->layers) cost.push_back(bound.alone.us);
  const network::CriticalPath path = critical_path(network, cost);
  json& names = out["critical_path"] = json::array();
  for (network::LayerId layer : path.layers) names.push_back(network.layers[layer].name);
  out["critical_path_us"] = path.cost;
  out["alone_bound_us"] = plan.bounds->alone_us;
  out["compute_bound_us"] = plan.bounds->compute_us;
  out["ddr_bound_us"] = plan.bounds->ddr_us;
  out["bound_us"] = plan.bounds->bound_us();
  out["estimate_us"] = plan.schedule.estimate_us;
  return out;
}

void print(run::Density density, const json& plan, const schedule::RegisteredPolicy& policy) {
  fmt::print("{:<7} scheduled and verified: {} layers, {} kernel calls, {} of DDR\n", density_name(density),
             plan["layers"].get<int>(), with_commas(plan["kernel_calls"].get<std::int64_t>()),
             show_bytes(plan["ddr_bytes"].get<double>()));
  if (!plan.contains("estimate_us")) return;
  const auto time = [&](const char* key) { return show_time(plan[key].get<double>()); };
  fmt::print("        the scheduler's estimate {}, no simulation: {}\n", time("estimate_us"),
             policy.estimate);
  fmt::print("        no schedule beats {}: compute {}, DDR {}\n", time("bound_us"), time("compute_bound_us"),
             time("ddr_bound_us"));
  fmt::print(
      "        layers alone, one after another, at least {}; the longest chain of dependent ones, {} of them, {}\n",
      time("alone_bound_us"), plan["critical_path"].size(), time("critical_path_us"));
}

int check(const std::string& file, const ModelOptions& options, const std::vector<std::string>& sets,
          const std::string& json_file) {
  Failure wrong{ExitCode::bad_input, unwritable_files({json_file})};
  std::optional<ModelRun> model;
  const Expected<run::RunConfig> config = open_config(file, options, sets, model);
  if (!config)
    wrong.problems.insert(wrong.problems.end(), config.failure().problems.begin(), config.failure().problems.end());
  if (!wrong.problems.empty()) return report_failure(wrong);
  if (model) fmt::print("{}masks: {}\n", import_summary(model->imported), model->masks);
  fmt::print("{}: {} on {} {}x{}\n", config->name, config->network.name, config->array.name, config->array.rows,
             config->array.cols);
  const schedule::RegisteredPolicy& policy = *schedule::find_policy(config->schedule.policy);
  const network::LivePeak peak = live_peak(config->network, policy.products);
  fmt::print("tensors alive at once: up to {}, at {}; memory tiles hold {}\n",
             show_bytes(static_cast<double>(peak.bytes)), config->network.layers[peak.layer].name,
             show_bytes(static_cast<double>(config->array.memtiles() * config->array.memtile.memory.size)));
  fmt::print("{}", sparsity_report(sparsity_result(*config)));
  json plans = json::object();
  for (const run::Density density : {run::Density::dense, run::Density::sparse}) {
    const Expected<run::Plan> plan = make_plan(*config, density);
    if (!plan) return report_failure(plan.failure());
    print(density, plans[density_name(density)] = summary(config->network, *plan), policy);
  }
  if (json_file.empty()) return 0;
  const std::optional<Failure> failure = write_json(json_file, plans);
  return failure ? report_failure(*failure) : 0;
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
  command->add_option("--set", arguments->sets, set_help)->allow_extra_args(false);
  command->add_option("--mapping", arguments->mapping, mapping_help);
  command->add_option("--json", arguments->json, "also write estimate, bounds and critical path to this file");
  command->callback([arguments, &exit_code] {
    if (!arguments->mapping.empty()) arguments->sets.push_back(mapping_set(arguments->mapping));
    exit_code = check(arguments->config, arguments->model, arguments->sets, arguments->json);
  });
}

}  // namespace tessera::cli
