#include <fmt/format.h>

#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/stats/counters.h"

namespace tessera::cli {
namespace {

int explain(const std::string& name) {
  const stats::Counter* counter = stats::find_counter(name);
  if (counter == nullptr) {
    std::vector<std::string> names;
    for (const stats::Counter& known : stats::counters()) names.emplace_back(known.name);
    const std::string near = nearest_name(name, names);
    return report_failure(fail(ExitCode::bad_input, {"", "", fmt::format("there is no counter called \"{}\"", name),
                                                     near.empty() ? "`tessera list counters` shows them"
                                                                  : fmt::format("did you mean \"{}\"?", near)}));
  }
  fmt::print("{}{}\n  {}\n  = {}\n", counter->name, *counter->unit != '\0' ? fmt::format(" [{}]", counter->unit) : "",
             counter->sentence, counter->formula);
  return 0;
}
}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("explain", "Say what a key of a result means: unit, sentence, formula");
  command->add_option("counter", *name, "its name in result.json, for example core_busy_share or time.wait_input")
      ->required();
  command->callback([name, &exit_code] { exit_code = explain(*name); });
}

}  // namespace tessera::cli
