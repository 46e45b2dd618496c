#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "explore/cli.h"
#include "explore/cli/report.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

// Beside the installed executable, else in the source tree.
std::string script_path() {
  const fs::path installed = fs::path(executable_path()).parent_path() / "../share/tessera/plot/plot.py";
  return fs::exists(installed) ? installed.string() : std::string(TESSERA_PLOT_FOLDER) + "/plot.py";
}

int plot(const std::string& folder, const std::vector<std::string>& only) {
  const std::string script = script_path();
  std::vector<const char*> words = {"python3", script.c_str(), folder.c_str()};
  for (const std::string& name : only) words.push_back(name.c_str());
  words.push_back(nullptr);
  std::fflush(nullptr);
  ::execvp("python3", const_cast<char* const*>(words.data()));
  return report(
      fail(ExitCode::bad_input, {"", "plot", "python3 cannot be started", "apt-get install python3-matplotlib"}));
}

}  // namespace

void add_plot_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string folder;
    std::vector<std::string> only;
  };
  auto a = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("plot", "Every figure that a sweep supports, as PDF, PNG and CSV");
  command->add_option("folder", a->folder, "folder of the sweep")->required();
  command->add_option("figure", a->only, "only these figures");
  command->callback([a, &exit_code] { exit_code = plot(a->folder, a->only); });
}

}  // namespace tessera::explore
