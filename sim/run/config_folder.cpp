#include "sim/run/config_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "sim/base/installation.h"
#include "sim/config/named_file.h"
#include "sim/cost/fitted_model.h"

namespace tessera::run {

std::string config_folder() {
  const char* chosen = std::getenv("TESSERA_CONFIGS");
  return chosen != nullptr && *chosen != '\0' ? chosen : data_folder() + "/configs";
}

std::vector<std::string> config_names(const std::string& folder) {
  return config::names_in(config_folder() + "/" + folder);
}

Expected<std::string> hardware_file(const std::string& given) {
  return config::named_file(given, "", config_folder() + "/hardware");
}

std::vector<std::string> all_latency_model_names() {
  std::vector<std::string> names = cost::latency_model_names();
  for (const std::string& name : config_names("hardware/kernels")) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Expected<const cost::LatencyModel*> open_latency_model(const std::string& name) {
  const std::vector<std::string> names = all_latency_model_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    return cost::find_or_load_latency_model(name, config_folder() + "/hardware/kernels");
  }
  return fail(ExitCode::bad_input,
              {"", "hardware.kernels", fmt::format("is \"{}\"", name), config::legal_names(name, names)});
}

std::string kernel_library_path(const std::string& given, const std::string& folder) {
  if (given.find_first_of("/.") == std::string::npos) return "";
  return (std::filesystem::path(folder) / given).lexically_normal().string();
}

Expected<std::string> latency_model_name(const std::string& given, const std::string& folder) {
  const std::string path = kernel_library_path(given, folder);
  if (path.empty()) return given;
  std::error_code ignored;
  for (const std::string& name : config_names("hardware/kernels"))
    if (std::filesystem::equivalent(path, config_folder() + "/hardware/kernels/" + name + ".json", ignored))
      return name;
  const Expected<const cost::FittedModel*> latency_model =
      cost::load_kernel_library(path, config_names("hardware/kernels"));
  if (!latency_model) return latency_model.failure();
  return (*latency_model)->name;
}

Expected<const cost::LatencyModel*> latency_model_of(const arch::ArraySpec& array) {
  if (array.kernels == "peak") return &cost::peak_model(array.tile.core);
  return open_latency_model(array.kernels);
}

}  // namespace tessera::run
