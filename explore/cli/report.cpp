#include "explore/cli/report.h"

#include <fmt/format.h>

#include "explore/store/checksum.h"
#include "sim/base/input_file.h"
#include "sim/base/message.h"

namespace tessera::explore {

int report(const Failure& failure) {
  message(stderr, "{}\n", describe(failure));
  return static_cast<int>(failure.code);
}

namespace {
std::string listed(const char* what, const std::map<std::string, int>& by_status) {
  std::string text;
  for (const auto& [state, n] : by_status) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, state);
  return fmt::format("{} {}: {}", sum_of(by_status), what, text);
}
}  // namespace

std::string counts_text(const Counts& counts) {
  if (counts.points.empty()) return "no points";
  const std::string points = listed("points", counts.points);
  if (counts.points == counts.runs) return points;
  return points + "; with dense baselines " + listed("runs", counts.runs);
}

std::string build_hash() {
  const Expected<std::string> program = read_text("/proc/self/exe");
  return checksum(program ? *program : "").substr(0, 16);
}

}  // namespace tessera::explore
