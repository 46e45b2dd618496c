#include "sim/validation/plot.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tessera::validation {

std::optional<Failure> plot_validation(const Validation& validation, const std::string& config_folder,
                                       const std::string& file) {
  namespace fs = std::filesystem;
  const std::string script = config_folder + "/../results/validation/plot_validation.py";
  const std::string data = (fs::temp_directory_path() / fmt::format("tessera_validation_{}.json", ::getpid())).string();
  std::ofstream(data) << json_text(result_of(validation));
  // Debian's matplotlib belongs to Debian's Python, whatever else PATH offers.
  const char* python = fs::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp(python, python, script.c_str(), data.c_str(), file.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = -1;
  const bool ended = child > 0 && ::waitpid(child, &status, 0) == child;
  std::error_code ignored;
  fs::remove(data, ignored);
  if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  return fail(ExitCode::bad_input, {file, "--plot", "the plot could not be drawn with " + script,
                                    "needs python3 and matplotlib: apt-get install python3-matplotlib"});
}

}  // namespace tessera::validation
