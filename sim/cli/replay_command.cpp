#include <fmt/format.h>

#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/config/hardware.h"
#include "sim/replay/replay.h"
#include "sim/replay/trace_file.h"
#include "sim/run/config_folder.h"

namespace tessera {
namespace {

struct ReplayArguments {
  std::string trace, accounting = "published", json_file, hardware;
  std::vector<std::string> sets;
  int rows = 0, cols = 0;
};

int replay(const ReplayArguments& arguments) {
  const Expected<TraceFile> file = read_trace_file(arguments.trace, arguments.rows, arguments.cols);
  if (!file) return report_failure(file.failure());
  for (const std::string& warning : file->warnings) fmt::print(stderr, "{}: {}\n", arguments.trace, warning);
  std::vector<std::string> sets = arguments.sets;
  sets.push_back(fmt::format("rows={}", file->trace.rows));
  sets.push_back(fmt::format("cols={}", file->trace.cols));
  const std::string hardware =
      arguments.hardware.empty() ? config_folder() + "/hardware/dalberto2024.json" : arguments.hardware;
  const Expected<ArraySpec> array = load_hardware(hardware, sets);
  if (!array) return report_failure(array.failure());
  const Expected<bool> fits = check_trace_fits(file->trace, *array, arguments.trace);
  if (!fits) return report_failure(fits.failure());
  const Expected<Replay> result =
      replay_trace(file->trace, *array, arguments.accounting == "physical" ? ReplayAccounting::physical
                                                                           : ReplayAccounting::published);
  if (!result) return report_failure(result.failure());
  fmt::print("{}", replay_report(file->trace, *result));
  if (!arguments.json_file.empty()) {
    if (auto failure = write_json(arguments.json_file, replay_json(*result))) return report_failure(*failure);
  }
  return 0;
}
}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = app.add_subcommand("replay", "Run a schedule trace of the published estimates, lane by lane");
  command->add_option("trace", arguments->trace, "<network>_<rows>x<cols>_<dense|sparse50>.jsonl")->required();
  command->add_option("--accounting", arguments->accounting,
                      "published (default): the arithmetic of the estimates; physical: what a correct execution of the "
                      "same schedule costs")
      ->check(CLI::IsMember({"published", "physical"}));
  command->add_option("--json", arguments->json_file, "write every lane of every pass to this file");
  command->add_option("--rows", arguments->rows, "rows of the array; the default is in the name of the trace")
      ->check(CLI::Range(1, 64));
  command->add_option("--cols", arguments->cols, "columns of the array; the default is in the name of the trace")
      ->check(CLI::Range(1, 64));
  command->add_option("--hardware", arguments->hardware, "the default is configs/hardware/dalberto2024.json");
  command->add_option("--set", arguments->sets, "a.b=c: change any key of the hardware; repeatable")
      ->allow_extra_args(false);
  command->callback([arguments, &exit_code] { exit_code = replay(*arguments); });
}

}  // namespace tessera
