#include <fmt/format.h>

#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/result/catalogue.h"

namespace tessera::cli {
namespace {

int explain(const std::string& name) {
  const result::MetricInfo* counter = result::find_metric(name);
  if (counter == nullptr) {
    std::vector<std::string> names;
    for (const result::MetricInfo& known : result::all_metrics()) names.push_back(known.name);
    const std::string near = nearest_name(name, names);
    return report_failure(fail(ExitCode::bad_input, {"", "", fmt::format("there is no counter called \"{}\"", name),
                                                     near.empty() ? "`tessera list counters` shows them"
                                                                  : fmt::format("did you mean \"{}\"?", near)}));
  }
  fmt::print("{}{}\n  {}\n  = {}\n", counter->name, !counter->unit.empty() ? fmt::format(" [{}]", counter->unit) : "",
             counter->sentence, counter->formula);
  return 0;
}
}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
  auto name = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("explain", "Say what a key of a result means: unit, sentence, formula");
  CLI::Option* counter =
      command->add_option("counter", *name, "its name in result.json, for example core_busy_share or time.wait_input");
  command->add_flag("--json", *all, "every counter, as a JSON list")->excludes(counter);
  command->callback([name, all, &exit_code] {
    if (name->empty() && !*all) throw CLI::RequiredError("counter or --json");
    if (*all) fmt::print("{}", result::catalogue_json());
    exit_code = *all ? 0 : explain(*name);
  });
}

}  // namespace tessera::cli
