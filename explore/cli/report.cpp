#include "explore/cli/report.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "explore/store/checksum.h"

namespace tessera::explore {

int report(const Failure& failure) {
  fmt::print(stderr, "{}\n", describe(failure));
  return static_cast<int>(failure.code);
}

std::string counts_text(const std::map<std::string, int>& counts) {
  std::string text;
  for (const auto& [state, n] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, state);
  return text.empty() ? "no runs" : text;
}

std::string executable_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

std::string build_hash() {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return checksum(content.str()).substr(0, 16);
}

}  // namespace tessera::explore
