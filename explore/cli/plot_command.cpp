#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "explore/cli.h"
#include "explore/cli/report.h"
#include "sim/base/installation.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

// plot/ where it is installed, explore/plot/ in the source tree.
std::string script_path() {
  const fs::path installed = fs::path(data_folder()) / "plot/plot.py";
  return fs::exists(installed) ? installed.string() : data_folder() + "/explore/plot/plot.py";
}

struct PlotArguments {
  std::string folder;
  std::vector<std::string> only, slices;
  bool no_title = false;
};

int plot(const PlotArguments& a) {
  const std::string script = script_path();
  std::vector<const char*> words = {"python3", script.c_str(), a.folder.c_str()};
  for (const std::string& name : a.only) words.push_back(name.c_str());
  std::vector<std::string> options;
  for (const std::string& slice : a.slices) options.push_back("--slice=" + slice);
  if (a.no_title) options.emplace_back("--no-title");
  for (const std::string& option : options) words.push_back(option.c_str());
  words.push_back(nullptr);
  if (!fs::exists(script))
    return report(fail(ExitCode::bad_input, {script, "", "is missing", "an installation with its share/tessera"}));
  std::fflush(nullptr);
  ::execvp("python3", const_cast<char* const*>(words.data()));
  return report(
      fail(ExitCode::bad_input, {"", "plot", "python3 cannot be started", "apt-get install python3-matplotlib"}));
}

}  // namespace

void add_plot_command(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<PlotArguments>();
  CLI::App* command = app.add_subcommand("plot", "Every figure that a sweep supports, as PDF, PNG and CSV");
  command->add_option("folder", a->folder, "folder of the sweep")->required();
  command->add_option("figure", a->only, "only these figures");
  command
      ->add_option(
          "--slice", a->slices,
          "KEY=VALUE: hold an axis at this value; else one that a figure does not show is held at the value of "
          "the base config, or at the middle of the axis; repeatable")
      ->allow_extra_args(false);
  command->add_flag("--no-title", a->no_title, "no titles, for figures with a caption");
  command->callback([a, &exit_code] { exit_code = plot(*a); });
}

}  // namespace tessera::explore
