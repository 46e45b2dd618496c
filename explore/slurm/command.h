// Runs a program of the system and returns what it printed.
#pragma once
#include <string>
#include <vector>

namespace tessera::explore {

struct CommandOutput {
  int exit_code = -1;  // 127: the program was not found
  std::string text;    // standard output and standard error
};

CommandOutput run_command(const std::vector<std::string>& words);

}  // namespace tessera::explore
