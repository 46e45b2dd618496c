#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "sim/base/input_file.h"
#include "sim/base/json_file.h"
#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/cli/report_data.h"
#include "sim/cli/target_file.h"
#include "sim/result/json.h"
#include "sim/result/sweep.h"
#include "sim/result/written_form.h"
#include "sim/run/isolate.h"

namespace tessera::cli {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

struct ReportArguments {
  std::vector<std::string> folders;
  std::string out;
};

// By what a simulation is known again.
std::string stamp(const result::DensityResult& density) {
  return fmt::format("{}\n{}\n", density.program_hash, density.total);
}

// The run again, with its timeline: its stamp, and the view.
Expected<std::string> view_again(const run::RunConfig& config, run::Density density, run::DenseDecision* shared) {
  const Expected<run::Plan> plan = make_plan(config, density, {true, true, shared});
  if (!plan) return plan.failure();
  report::Timeline timeline;
  run::RunOptions options;
  options.trace = &timeline;
  const Expected<result::DensityResult> again = simulate_plan(config, *plan, density, options);
  if (!again) return again.failure();
  return stamp(*again) + density_view(config, *plan, timeline, again->total);
}

// What a result folder has no room for is made again from its config: the same input gives the same cycles. Where it
// does not (another version of the program), the result stands alone.
Expected<std::string> read_run(const fs::path& folder, const result::RunResult& run) {
  if (run.program) return bare_run_view(run, "the run was of a program file, not of a schedule");
  const Expected<run::RunConfig> config = run::load_run_config((folder / "config.json").string());
  if (!config) return config.failure();
  std::vector<std::pair<run::Density, std::unique_ptr<run::IsolatedTask>>> tasks;
  std::vector<run::IsolatedTask*> waiting;
  std::vector<std::string> names;
  std::optional<run::SharedDecision> shared;
  if (run.dense && run.sparse) shared.emplace();
  run::DenseDecision* const decision = shared ? &*shared : nullptr;
  for (const run::Density density : {run::Density::dense, run::Density::sparse}) {
    if (!(density == run::Density::dense ? run.dense : run.sparse)) continue;
    tasks.emplace_back(density, std::make_unique<run::IsolatedTask>(
                                    [&config, density, decision] { return view_again(*config, density, decision); }));
    waiting.push_back(tasks.back().second.get());
    names.emplace_back(density_name(density));
  }
  shared.reset();
  wait_with_progress(waiting, config->name, names);
  Views views;
  for (const auto& [density, task] : tasks) {
    const Expected<std::string> again = task->wait();
    if (!again) return again.failure();
    const bool dense = density == run::Density::dense;
    const std::string before = stamp(dense ? *run.dense : *run.sparse);
    if (again->rfind(before, 0) != 0)
      return bare_run_view(run, "this version of tessera schedules the run otherwise; run it again for the rest");
    (dense ? views.dense : views.sparse) = again->substr(before.size());
  }
  return run_view(*config, run, views);
}

// table.csv as it stands, with what is known of its columns.
Expected<std::string> read_sweep(const fs::path& folder) {
  const Expected<std::string> table = read_text((folder / "table.csv").string());
  if (!table) return table.failure();
  json columns = json::object();
  for (const result::SweepColumn& column : result::sweep_columns())
    columns[column.name] = {{"unit", column.unit}, {"sentence", column.sentence}};
  json axes = json::object();
  if (fs::exists(folder / "axes.json")) {
    const Expected<json> read = read_json((folder / "axes.json").string());
    if (!read) return read.failure();
    axes = *read;
  }
  return json{{"name", fs::absolute(folder).lexically_normal().filename().string()},
              {"columns", columns},
              {"axes", axes},
              {"table", *table}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Failure not_a_result(const std::string& folder) {
  return fail(ExitCode::bad_input, {folder, "", "holds neither result.json nor table.csv",
                                    "a folder that `tessera run` or `tessera sweep` wrote"});
}

int report(const ReportArguments& arguments) {
  std::vector<std::string> read;
  for (const std::string& folder : arguments.folders)
    for (const char* file : {"/result.json", "/table.csv"}) read.push_back(folder + file);
  if (const std::vector<Problem> wrong = unwritable_files({arguments.out}, read); !wrong.empty())
    return report_failure({ExitCode::bad_input, wrong});
  std::vector<std::string> runs;
  std::string sweep;
  for (const std::string& folder : arguments.folders) {
    if (fs::exists(fs::path(folder) / "result.json")) {
      const Expected<json> result = read_json((fs::path(folder) / "result.json").string());
      if (!result) return report_failure(result.failure());
      if (std::vector<Problem> wrong = result::unlike_a_result(*result, (fs::path(folder) / "result.json").string());
          !wrong.empty())
        return report_failure({ExitCode::bad_input, std::move(wrong)});
      Expected<std::string> run = read_run(folder, result::run_of(*result));
      if (!run) return report_failure(run.failure());
      runs.push_back(std::move(*run));
    } else if (fs::exists(fs::path(folder) / "table.csv")) {
      if (arguments.folders.size() > 1)
        return report_failure(fail(
            ExitCode::bad_input, {folder, "", "is a sweep, which stands alone in a report", "one sweep or two runs"}));
      Expected<std::string> whole = read_sweep(folder);
      if (!whole) return report_failure(whole.failure());
      sweep = std::move(*whole);
    } else {
      return report_failure(not_a_result(folder));
    }
  }
  if (auto failure = write_report(arguments.out, runs, sweep)) return report_failure(*failure);
  fmt::print("{}\n", arguments.out);
  return 0;
}
}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = app.add_subcommand(
      "report", "One HTML page of a result folder, of two of them side by side, or of a sweep; it needs no network");
  command->add_option("folder", arguments->folders, "folder of a run or a sweep; two runs are compared")
      ->required()
      ->expected(1, 2);
  command->add_option("--out", arguments->out, "the page, FILE.html")->required();
  command->callback([arguments, &exit_code] { exit_code = report(*arguments); });
}

}  // namespace tessera::cli
