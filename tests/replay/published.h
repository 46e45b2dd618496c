// The published figures in tests/golden/published, and what the tests do with them.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/replay/replay.h"
#include "sim/replay/trace_file.h"

namespace tessera::published {

std::vector<std::string> trace_paths();  // sorted
std::string read_file(const std::string& path);
std::string line_of(const std::string& text, int line);  // from 1
std::string with_line(const std::string& text, int line, const std::string& replacement);

// configs/hardware/dalberto2024.json at this size.
arch::ArraySpec machine(int rows, int cols);

// Parses and replays in a process of its own; `name` as the file would be called.
nlohmann::json replay(const std::string& text, const std::string& name,
                      replay::ReplayAccounting accounting = replay::ReplayAccounting::published);

// Every `*_us` field removed, or set to zero.
std::string without_times(const std::string& text);
std::string with_zero_times(const std::string& text);

// The judge: what differs from the times that the trace states by more than 0.1 % (lanes also: 1 ns). Empty: nothing.
std::vector<std::string> differences(const std::string& text, const nlohmann::json& replay);

struct Total {
  std::string network;
  int rows = 0;
  double density = 1;
  double us = 0;  // 0: failed
};
std::vector<Total> totals();

}  // namespace tessera::published
