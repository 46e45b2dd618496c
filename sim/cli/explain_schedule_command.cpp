#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"

namespace tessera::cli {
namespace {

struct Arguments {
  std::string layer, config;
  std::vector<std::string> sets;
};

Expected<network::LayerId> find_layer(const network::Network& network, const std::string& name) {
  std::vector<std::string> names;
  for (const network::Layer& layer : network.layers) {
    if (!ops::is_computed(layer)) continue;
    if (layer.name == name) return layer.id;
    names.push_back(layer.name);
  }
  const std::string near = nearest_name(name, names);
  return fail(
      ExitCode::bad_input,
      {"", "", fmt::format("{} has no layer called \"{}\" that runs on cores", network.name, name),
       near.empty() ? "legal: " + fmt::format("{}", fmt::join(names, ", ")) : "did you mean \"" + near + "\"?"});
}

std::string verdict(const schedule::Candidate& candidate, const schedule::Candidate* chosen, Bytes core_limit) {
  if (candidate.chosen) return "chosen";
  if (!candidate.tiling.empty()) {
    if (chosen == nullptr) return "";
    const bool tried = candidate.simulated_us && chosen->simulated_us;
    const double percent =
        ((tried ? *candidate.simulated_us / *chosen->simulated_us : candidate.us / chosen->us) - 1) * 100;
    return percent > 0 ? fmt::format("slower by {:.1f} %", percent) : "as fast; the first is taken";
  }
  if (candidate.core_bytes > core_limit)
    return fmt::format("does not fit: needs {} of {} B of a core", candidate.core_bytes, core_limit);
  return fmt::format("does not fit: needs {} of {} B of a memory tile", candidate.staging_bytes,
                     candidate.staging_free);
}

// Columns as wide as what stands in them, two spaces apart: texts to the left, numbers to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& to_the_right) {
  std::vector<std::size_t> widths(to_the_right.size(), 0);
  for (const auto& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], row[k].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t k = 0; k < row.size(); ++k)
      line += to_the_right[k] ? fmt::format("  {:>{}}", row[k], widths[k]) : fmt::format("  {:<{}}", row[k], widths[k]);
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string candidates_table(const std::vector<schedule::Candidate>& candidates, Bytes core_limit) {
  std::vector<std::vector<std::string>> rows = {
      {"mapping", "rows", "estimate", "simulated", "by", "in a core", "tiling", "verdict"}};
  for (auto begin = candidates.begin(); begin != candidates.end();) {
    // One decision: the candidates of the same rows that follow one another, up to the first mapping again.
    const auto end = std::find_if(begin + 1, candidates.end(), [&](const schedule::Candidate& c) {
      return c.rows != begin->rows || c.mapping == begin->mapping;
    });
    const auto chosen = std::find_if(begin, end, [](const schedule::Candidate& c) { return c.chosen; });
    for (; begin != end; ++begin) {
      const bool fits = !begin->tiling.empty();
      rows.push_back({begin->mapping, std::to_string(begin->rows), fits ? show_time(begin->us) : "-",
                      begin->simulated_us ? show_time(*begin->simulated_us) : "-", fits ? begin->bound_by : "-",
                      fits ? fmt::format("{} B", begin->core_bytes) : "-", fits ? begin->tiling : "-",
                      verdict(*begin, chosen == end ? nullptr : &*chosen, core_limit)});
    }
  }
  return aligned(rows, {false, true, true, true, false, true, false, false});
}

int explain_schedule(const Arguments& arguments) {
  const Expected<run::RunConfig> config = [&] {
    const ProgressLine line(arguments.config);
    return run::load_run_config(arguments.config, arguments.sets);
  }();
  if (!config) return report_failure(config.failure());
  if (config->accounting == run::Accounting::published)
    return report_failure(fail(ExitCode::bad_input, {"", "accounting", "is \"published\", which weighs no candidates",
                                                     "legal: accounting=physical"}));
  const Expected<network::LayerId> layer = find_layer(config->network, arguments.layer);
  if (!layer) return report_failure(layer.failure());
  const Bytes core_limit = config->array.tile.memory.size - config->array.tile.reserved;
  fmt::print("{} of {} on {} {}x{}, policy {}\n", arguments.layer, config->network.name, config->array.name,
             config->array.rows, config->array.cols, config->schedule.policy);
  for (const run::Density density : {run::Density::dense, run::Density::sparse}) {
    const Expected<run::Plan> plan = [&] {
      const ProgressLine line(config->name + ", " + density_name(density));
      return make_plan(*config, density);
    }();
    if (!plan) return report_failure(plan.failure());
    const program::Program& program = plan->schedule.program;
    const network::LayerId by = plan->schedule.layers[*layer].computed_by, kernel = by >= 0 ? by : *layer;
    const cost::AloneBound& bound = plan->bounds->layers[kernel].alone;
    fmt::print("\n{}: {}{}alone at least {}, by {} ({})\n", density_name(density),
               kernel == *layer ? "" : program.layers[*layer].mapping + "; ", program.layers[kernel].mapping + "; ",
               show_time(bound.us), bound.by, bound.mapping);
    fmt::print("{}", candidates_table(plan->schedule.layers[kernel].candidates, core_limit));
  }
  return 0;
}
}  // namespace

void add_explain_schedule_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "explain-schedule", "Show the mappings weighed for a layer, dense and sparse: cost, what binds, why rejected");
  command->add_option("layer", arguments->layer, "name of a layer, for example conv1")->required();
  command->add_option("config,--config", arguments->config, "run config; the default is resnet50_4x4");
  command->add_option("--set", arguments->sets, set_help)->allow_extra_args(false);
  command->callback([arguments, &exit_code] {
    // Every other command takes the config first: both orders are understood.
    if (std::filesystem::path(arguments->layer).extension() == ".json") std::swap(arguments->layer, arguments->config);
    if (arguments->config.empty()) arguments->config = run::config_folder() + "/runs/resnet50_4x4.json";
    exit_code = explain_schedule(*arguments);
  });
}

}  // namespace tessera::cli
