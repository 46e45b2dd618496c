#include "sim/config/named_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace tessera::config {
namespace fs = std::filesystem;

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string legal_names(const std::string& given, const std::vector<std::string>& names) {
  const std::string near = nearest_name(given, names);
  return fmt::format("{}legal: {}", near.empty() ? "" : "did you mean \"" + near + "\"? ", fmt::join(names, ", "));
}

std::string no_names(const std::string& folder) {
  std::error_code error;
  const char* why = fs::is_directory(folder, error) ? "has no .json file" : "is no folder that can be read";
  return fmt::format("{} {}", fs::path(folder).lexically_normal().string(), why);
}

Expected<std::string> named_file(const std::string& given, const std::string& from, const std::string& names) {
  const std::string path = (fs::path(from) / given).lexically_normal().string();
  std::error_code ignored;
  if (names.empty() || given.find_first_of("/.") != std::string::npos || fs::exists(path, ignored)) return path;
  const std::vector<std::string> known = names_in(names);
  if (std::find(known.begin(), known.end(), given) != known.end())
    return (fs::path(names) / (given + ".json")).lexically_normal().string();
  const std::string what =
      fmt::format("\"{}\" is neither a file nor a name of {}", given, fs::path(names).filename().string());
  if (known.empty()) return fail(ExitCode::bad_input, {"", "", what + ": " + no_names(names), names_elsewhere});
  return fail(ExitCode::bad_input, {"", "", what, legal_names(given, known) + ", or the path of a file"});
}

}  // namespace tessera::config
