#include "sim/cli/commands.h"

namespace tessera {
namespace {
std::string& words() {
  static std::string text;
  return text;
}
}  // namespace

void remember_command(int argc, char** argv) {
  words() = "tessera";
  for (int i = 1; i < argc; ++i) words() += std::string(" ") + argv[i];
}

const std::string& command_line() { return words(); }

}  // namespace tessera
