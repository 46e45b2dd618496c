#include <nlohmann/json.hpp>

#include "sim/cli/commands.h"

namespace tessera::cli {
namespace {
std::string& words() {
  static std::string text;
  return text;
}

// The word as a shell takes it.
std::string quoted(const std::string& word) {
  const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,@%+-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}
}  // namespace

void remember_command(int argc, char** argv) {
  words() = "tessera";
  for (int i = 1; i < argc; ++i) words() += " " + quoted(argv[i]);
}

const std::string& command_line() { return words(); }

std::string mapping_set(const std::string& file) { return "schedule.mapping=" + nlohmann::json(file).dump(); }

}  // namespace tessera::cli
