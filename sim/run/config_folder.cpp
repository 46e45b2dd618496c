#include "sim/run/config_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "sim/base/installation.h"
#include "sim/cost/coefficient_law.h"

namespace tessera::run {

std::string config_folder() {
  const char* chosen = std::getenv("TESSERA_CONFIGS");
  return chosen != nullptr && *chosen != '\0' ? chosen : data_folder() + "/configs";
}

std::vector<std::string> config_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(config_folder() + "/" + folder, error)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> all_kernel_law_names() {
  std::vector<std::string> names = cost::kernel_law_names();
  for (const std::string& name : config_names("hardware/kernels")) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Expected<const cost::KernelLaw*> open_kernel_law(const std::string& name) {
  const std::vector<std::string> names = all_kernel_law_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    return cost::find_or_load_kernel_law(name, config_folder() + "/hardware/kernels");
  }
  const std::string near = nearest_name(name, names);
  return fail(ExitCode::bad_input, {"", "hardware.kernels", fmt::format("is \"{}\"", name),
                                    fmt::format("{}legal: {}", near.empty() ? "" : "did you mean \"" + near + "\"? ",
                                                fmt::join(names, ", "))});
}

Expected<const cost::KernelLaw*> kernel_law_of(const arch::ArraySpec& array) {
  if (array.kernels == "peak") return &cost::peak_law(array.tile.core);
  return open_kernel_law(array.kernels);
}

}  // namespace tessera::run
