// The command line of Tessera. Exit codes: 0 ok, 1 internal error, 2 bad input, 3 does not fit, 4 deadlock.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <system_error>

#include "sim/base/error.h"
#include "sim/base/message.h"
#include "sim/base/utf8.h"
#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/standard_streams.h"

namespace {

const char* about =
    "Tessera predicts how long a neural network takes on an AIE2 array when blocks of its weights are zero.\n"
    "\n"
    "  tessera run configs/runs/resnet50_4x4.json                        dense against sparse, where the time goes\n"
    "  tessera run configs/runs/resnet50_4x4.json --set sparsity.ratio=0.75 --set hardware.rows=8\n"
    "  tessera check configs/runs/vgg16_8x8.json                         validate and schedule, simulate nothing\n"
    "  tessera list networks        tessera explain mac_utilization      what there is, what a number means\n"
    "  tessera explain-schedule conv1                                    why a layer is mapped as it is\n";

const char* exit_codes = "Exit codes: 0 ok, 1 internal error, 2 bad input, 3 does not fit, 4 deadlock.";

// A misspelt command is told by its nearest name; CLI11 would only list what it cannot use.
int refuse_unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return 0;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return 0;
  const std::string near = tessera::nearest_name(argv[1], names);
  return tessera::cli::report_failure(tessera::fail(
      tessera::ExitCode::bad_input, {"", "", fmt::format("there is no command \"{}\"", argv[1]),
                                     (near.empty() ? "legal: " : "did you mean \"" + near + "\"? legal: ") +
                                         fmt::format("{}", fmt::join(names, ", "))}));
}

// An empty text, as a shell makes it of an unset variable, would be as if the option were not there.
void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (option->get_items_expected_max() > 0)
      option->check([](const std::string& value) { return value.empty() ? "is given no value" : ""; });
  for (CLI::App* command : app.get_subcommands({})) refuse_empty_values(*command);
}

// Paths and names of a command line stand in results, which are JSON.
int refuse_foreign_bytes(int argc, char** argv) {
  std::vector<tessera::Problem> problems;
  for (int i = 1; i < argc; ++i)
    if (const std::string text = argv[i], readable = tessera::as_utf8(text); text != readable)
      problems.push_back({"", "", fmt::format("argument {}, '{}', is no UTF-8", i, readable), "legal: UTF-8"});
  return problems.empty()
             ? 0
             : tessera::cli::report_failure(tessera::Failure{tessera::ExitCode::bad_input, std::move(problems)});
}

int run(int argc, char** argv) {
  int exit_code = 0;
  if (const int code = refuse_foreign_bytes(argc, argv)) return code;
  CLI::App app(about, "tessera");
  app.footer(exit_codes);
  app.set_version_flag("--version", std::string("tessera ") + TESSERA_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  tessera::cli::remember_command(argc, argv);
  tessera::cli::add_commands(app, exit_code);
  refuse_empty_values(app);
  if (const int code = refuse_unknown_command(app, argc, argv)) return code;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) != 0) return static_cast<int>(tessera::ExitCode::bad_input);
  }
  return exit_code;
}
}  // namespace

int main(int argc, char** argv) {
  tessera::cli::prepare_standard_streams();
  int exit_code = 0, lost_output = 0;
  try {
    exit_code = run(argc, argv);
  } catch (const std::bad_alloc&) {
    tessera::message(stderr, "does not fit: this needs more memory than the process can have\n");
    exit_code = static_cast<int>(tessera::ExitCode::does_not_fit);
  } catch (const std::exception& error) {
    const auto* failed = dynamic_cast<const std::system_error*>(&error);
    if (failed != nullptr && std::ferror(stdout) != 0) {  // thrown by fmt::print
      lost_output = failed->code().value();
    } else {
      tessera::message(stderr, "internal error: {}\n", error.what());
      exit_code = static_cast<int>(tessera::ExitCode::internal);
    }
  }
  return tessera::cli::end_standard_output(exit_code, lost_output);
}
