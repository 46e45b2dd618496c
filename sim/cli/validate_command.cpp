#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "sim/base/phase.h"
#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/cli/target_file.h"
#include "sim/run/config_folder.h"
#include "sim/validation/plot.h"
#include "sim/validation/validate.h"

namespace tessera::cli {
namespace {

struct ValidateArguments {
  std::string csv, group, json_file, plot_file;
  int jobs = 2;
};

int validate_csv(const ValidateArguments& arguments) {
  const std::vector<Problem> wrong = unwritable_files({arguments.plot_file}, {arguments.csv}, arguments.json_file);
  if (!wrong.empty()) return report_failure({ExitCode::bad_input, wrong});
  validation::ValidationOptions options;
  options.csv = arguments.csv;
  options.group = arguments.group;
  options.config_folder = run::config_folder();
  options.jobs = arguments.jobs;
  const Expected<validation::Validation> validation = [&] {
    const ProgressLine line(arguments.csv);
    enter_phase("predicting");
    return validate_rows(options);
  }();
  if (!validation) return report_failure(validation.failure());
  fmt::print("{}", validation_table(*validation));
  if (!arguments.json_file.empty())
    if (const auto failure = write_text(arguments.json_file, json_text(result_of(*validation))))
      return report_failure(*failure);
  if (!arguments.plot_file.empty())
    if (const auto failure = plot_validation(*validation, run::config_folder(), arguments.plot_file))
      return report_failure(*failure);
  return 0;
}
}  // namespace

void add_validate_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ValidateArguments>();
  CLI::App* command =
      app.add_subcommand("validate", "Predict times that others measured on silicon and show the errors");
  command->add_option("csv", arguments->csv, "measured times, for example configs/validation/measured.csv")->required();
  command->add_option("--group", arguments->group, "only the rows of this group");
  command->add_option("--json", arguments->json_file, "write every row and the mean errors to this file");
  command->add_option("--plot", arguments->plot_file,
                      "draw predicted against measured into this file (.pdf, .png, .svg)");
  command->add_option("-j,--jobs", arguments->jobs, "rows simulated at a time")->check(CLI::Range(1, 256));
  command->callback([arguments, &exit_code] { exit_code = validate_csv(*arguments); });
}

}  // namespace tessera::cli
