#include "sim/validation/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "sim/config/hardware.h"

namespace tessera::validation {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Failure open_question(std::string what) { return {ExitCode::does_not_fit, {{"", "", std::move(what), ""}}}; }

// A name in a folder of configs, or a path of its own.
std::string file_of(const std::string& folder, const std::string& name) {
  const bool path = name.find('/') != std::string::npos;
  const bool ending = name.size() > 5 && name.substr(name.size() - 5) == ".json";
  return (path ? name : folder + "/" + name) + (ending ? "" : ".json");
}

// The machines that a platform names.
std::vector<std::string> named_machines(const std::string& text, const ValidationSetup& setup) {
  const std::string platform = lower(text);
  std::vector<std::string> found;
  for (const auto& [name, machine] : setup.machines)
    for (const std::string& part : machine.platforms)
      if (platform.find(lower(part)) != std::string::npos && (found.empty() || found.back() != name))
        found.push_back(name);
  return found;
}

std::string machine_of(const std::string& hardware, const ValidationSetup& setup) {
  for (const auto& [name, machine] : setup.machines)
    if (std::find(machine.hardware.begin(), machine.hardware.end(), hardware) != machine.hardware.end()) return name;
  return std::filesystem::path(hardware).stem().string();
}

bool matches(const Filling& filling, const MeasuredRow& row) {
  return std::all_of(filling.when.begin(), filling.when.end(), [&](const auto& when) {
    const auto text = row.text.find(when.first);
    return std::regex_match(text == row.text.end() ? "" : text->second, when.second);
  });
}

void fill(Subject& s) {
  for (const Filling& filling : s.design.fillings) {
    if (!matches(filling, s.row)) continue;
    std::vector<std::string> taken;
    for (const auto& [column, text] : filling.take) {
      const auto own = s.row.text.find(column);
      if (own != s.row.text.end() && !own->second.empty() && filling.when.count(column) == 0) continue;
      set_column(s.row, column, text);
      if (!text.empty()) taken.push_back(column + " " + text);
    }
    if (filling.assumed && !taken.empty())
      s.assumed.push_back(fmt::format("{}: {}", fmt::join(taken, ", "), filling.why));
  }
}

// Which machine and hardware; says what stands in the way, or nothing.
std::string choose_hardware(Subject& s, const ValidationSetup& setup) {
  const auto group = setup.groups.find(s.row.group);
  const std::vector<std::string> named = named_machines(s.row.platform, setup);
  if (group != setup.groups.end()) s.design = group->second;
  fill(s);
  s.hardware = !s.row.hardware.empty() ? s.row.hardware : s.design.hardware;
  if (s.hardware.empty() && group == setup.groups.end() && named.size() != 1)
    return fmt::format(
        "no design of group {} in configs/validation/designs.json; column hardware is empty, and platform \"{}\" names "
        "{} machines of it",
        s.row.group, s.row.platform, named.size());
  if (s.hardware.empty()) {
    const std::string& machine = group != setup.groups.end() ? s.design.machine : named.front();
    if (setup.machines.at(machine).hardware.empty()) return "there is no hardware file of " + machine;
    s.hardware = setup.machines.at(machine).hardware.front();
    if (group == setup.groups.end())
      s.assumed.push_back(fmt::format("hardware {}: the usual file of {}", s.hardware, machine));
  }
  if (group == setup.groups.end() && !s.row.dispatch_us)
    s.assumed.push_back("the time is of the array alone, without a dispatch: column dispatch_us is empty");
  s.machine = machine_of(s.hardware, setup);
  if (!named.empty() && setup.machines.count(s.machine) > 0 &&
      std::find(named.begin(), named.end(), s.machine) == named.end())
    return fmt::format("platform {} is {}, {} is modelled as {}", s.row.platform, named.back(),
                       s.row.hardware.empty() ? "group " + s.row.group : "column hardware", s.machine);
  return "";
}

}  // namespace

double Subject::dispatch_us() const {
  if (row.dispatch_us) return *row.dispatch_us;
  if (!design.dispatch) return 0;
  const double own = design.number("dispatch_us");
  return own > 0 ? own : array.controller.dispatch_us;
}

std::string Subject::hardware_file() const {
  return std::filesystem::absolute(file_of(config_folder + "/hardware", hardware)).string();
}

Expected<const cost::FittedModel*> Subject::latency_model() const {
  return cost::load_kernel_library(file_of(config_folder + "/hardware/kernels", kernels));
}

Expected<Subject> settle(const MeasuredRow& row, const ValidationSetup& setup) {
  Subject s;
  s.row = row;
  s.config_folder = setup.config_folder;
  if (const std::string reason = choose_hardware(s, setup); !reason.empty()) return open_question(reason);
  s.kernels = !s.row.kernels.empty() ? s.row.kernels : s.design.kernels;
  if (const double clock = s.design.number("clock_ghz"); clock > 0 && s.row.clock_ghz == 0) {
    s.row.clock_ghz = clock;
    s.assumed.push_back(fmt::format("clock {:g} GHz: {}", clock, s.design.clock_source));
  }
  std::vector<std::string> sets;
  if (s.row.clock_ghz > 0) sets.push_back(fmt::format("clock_hz={}", s.row.clock_ghz * 1e9));
  for (const auto& [key, value] : s.design.values) {
    sets.push_back(fmt::format("{}={}", key, value));
    s.assumed.push_back(fmt::format("{} {:g}: {}", key, value, s.design.values_source));
  }
  auto array = config::load_hardware(file_of(setup.config_folder + "/hardware", s.hardware), sets);
  if (!array) return array.failure();
  s.array = std::move(*array);
  if (s.row.rows > s.array.rows || s.row.cols > s.array.cols)
    return open_question(fmt::format("{}x{} compute tiles, {} has {}x{}", s.row.rows, s.row.cols, s.array.name,
                                     s.array.rows, s.array.cols));
  if (s.row.rows > 0) s.array.rows = s.row.rows;
  if (s.row.cols > 0) s.array.cols = s.row.cols;
  return s;
}

std::vector<Problem> missing_files(const std::string& csv, const std::vector<MeasuredRow>& rows,
                                   const std::string& config_folder) {
  std::vector<Problem> problems;
  const auto check = [&](const MeasuredRow& row, const std::string& column, const std::string& name,
                         const std::string& folder) {
    if (name.empty() || std::filesystem::is_regular_file(file_of(folder, name))) return;
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
      if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    problems.push_back({csv, fmt::format("line {}, field {}", row.line, column), fmt::format("\"{}\"", name),
                        fmt::format("legal: {}, or the path of a file", fmt::join(names, ", "))});
  };
  for (const MeasuredRow& row : rows) {
    check(row, "hardware", row.hardware, config_folder + "/hardware");
    check(row, "kernels", row.kernels, config_folder + "/hardware/kernels");
  }
  return problems;
}

}  // namespace tessera::validation
