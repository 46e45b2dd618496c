#include <fmt/format.h>

#include <memory>

#include "sim/base/message.h"
#include "sim/base/phase.h"
#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/cli/target_file.h"
#include "sim/config/hardware.h"
#include "sim/replay/replay.h"
#include "sim/replay/trace_file.h"
#include "sim/run/config_folder.h"

namespace tessera::cli {
namespace {

struct ReplayArguments {
  std::string trace, accounting = "published", hardware, json_file;
  int rows = 0, cols = 0;
};

int replay(const ReplayArguments& arguments) {
  const std::vector<Problem> wrong = unwritable_files({}, {arguments.trace, arguments.hardware}, arguments.json_file);
  if (!wrong.empty()) return report_failure({ExitCode::bad_input, wrong});
  const Expected<replay::TraceFile> file = replay::read_trace_file(arguments.trace, arguments.rows, arguments.cols);
  if (!file) return report_failure(file.failure());
  const replay::ScheduleTrace& trace = file->trace;
  const Expected<std::string> hardware =
      run::hardware_file(arguments.hardware.empty() ? "dalberto2024" : arguments.hardware);
  if (!hardware) return report_failure(at_option("--hardware", hardware.failure()));
  const Expected<arch::ArraySpec> array =
      config::load_hardware(*hardware, {fmt::format("rows={}", trace.rows), fmt::format("cols={}", trace.cols)});
  if (!array) return report_failure(array.failure());
  const Expected<bool> fits = check_trace_fits(trace, *array, arguments.trace);
  if (!fits) return report_failure(fits.failure());
  for (const std::string& warning : file->warnings) message(stderr, "warning: {}\n", warning);
  const auto accounting =
      arguments.accounting == "physical" ? replay::ReplayAccounting::physical : replay::ReplayAccounting::published;
  const Expected<result::ReplayResult> result = [&] {
    const ProgressLine line(arguments.trace);
    enter_phase("replaying");
    return replay_trace(trace, *array, accounting);
  }();
  if (!result) return report_failure(result.failure());
  fmt::print("{}", replay_report(trace, *result));
  if (arguments.json_file.empty()) return 0;
  const std::optional<Failure> failure = write_text(arguments.json_file, json_text(*result));
  return failure ? report_failure(*failure) : 0;
}
}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command =
      app.add_subcommand("replay", "Run a published schedule trace on the array and compare lane by lane");
  command->add_option("trace", arguments->trace, "<network>_<rows>x<cols>_<dense|sparse50>.jsonl")->required();
  command
      ->add_option("--accounting", arguments->accounting,
                   "published (default): the arithmetic of the estimates; physical: what a correct execution needs")
      ->check(CLI::IsMember({"published", "physical"}));
  command->add_option("--rows", arguments->rows, "rows of the array, when the file name does not say")
      ->check(CLI::Range(1, 64));
  command->add_option("--cols", arguments->cols, "columns of the array, likewise")->check(CLI::Range(1, 64));
  command->add_option("--hardware", arguments->hardware, "hardware by name (default dalberto2024) or path");
  command->add_option("--json", arguments->json_file, "write every layer and pass to this file");
  command->callback([arguments, &exit_code] { exit_code = replay(*arguments); });
}

}  // namespace tessera::cli
