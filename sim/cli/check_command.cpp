#include <fmt/format.h>

#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/run/pipeline.h"

namespace tessera {
namespace {

int check(const std::string& file, const std::vector<std::string>& sets) {
  const Expected<RunConfig> config = load_run_config(file, sets);
  if (!config) return report_failure(config.failure());
  fmt::print("{}: {} on {} {}x{}\n", config->name, config->network.name, config->array.name, config->array.rows,
             config->array.cols);
  for (const Density density : {Density::dense, Density::sparse}) {
    const Expected<Plan> plan = make_plan(*config, density);
    if (!plan) return report_failure(plan.failure());
    const Program& program = plan->schedule.program;
    fmt::print("{:<7} scheduled and verified: {} layers, {} kernel calls, {} of DDR", density_name(density),
               program.layers.size(), with_commas(static_cast<std::int64_t>(program.calls.size())),
               show_bytes(static_cast<double>(program.ddr_bytes)));
    if (plan->bounds)  // the published accounting has neither
      fmt::print(", estimate {}, bound {}", show_time(plan->schedule.estimate_us),
                 show_time(plan->bounds->layer_bound_us));
    fmt::print("\n");
  }
  return 0;
}
}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string config;
    std::vector<std::string> sets;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("check", "Validate a run config, schedule it and verify it; simulate nothing");
  command->add_option("config", arguments->config, "run config")->required();
  command->add_option("--set", arguments->sets, set_help)->allow_extra_args(false);
  command->callback([arguments, &exit_code] { exit_code = check(arguments->config, arguments->sets); });
}

}  // namespace tessera
