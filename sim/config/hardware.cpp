#include "sim/config/hardware.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/config/energy_keys.h"
#include "sim/config/hardware_keys.h"
#include "sim/config/validate.h"

namespace tessera::config {
namespace {
using nlohmann::json;

// The rule of the object at `path` below `root`, made if absent.
Rule& object_at(Rule& root, const std::string& path) {
  Rule* at = &root;
  for (std::string::size_type begin = 0; begin < path.size();) {
    const std::string::size_type end = std::min(path.find('.', begin), path.size());
    const std::string key = path.substr(begin, end - begin);
    if (at->find(key) == nullptr) {
      at->required.push_back(key);
      at->keys.emplace_back(key, Rule::object("", {}));
    }
    at = const_cast<Rule*>(at->find(key));
    begin = end + 1;
  }
  return *at;
}

const json* find_path(const json& root, const std::string& path) {
  const json* at = &root;
  for (std::string::size_type begin = 0; begin < path.size();) {
    const std::string::size_type end = std::min(path.find('.', begin), path.size());
    const auto found = at->find(path.substr(begin, end - begin));
    if (found == at->end()) return nullptr;
    at = &*found;
    begin = end + 1;
  }
  return at;
}

double quantity_value(const json& quantity, const arch::ArraySpec& array) {
  if (quantity.is_number()) return quantity.get<double>();
  const std::string shape = fmt::format("{}x{}", array.rows, array.cols);
  if (quantity.contains("by_array") && quantity["by_array"].contains(shape))
    return quantity["by_array"][shape].get<double>();
  if (quantity.contains("value_per_column")) return quantity["value_per_column"].get<double>() * array.cols;
  return quantity["value"].get<double>();
}

arch::ControlMechanism mechanism_of(const json& root) {
  const std::string name = root["controller"].value("mechanism", "none");
  const auto& names = arch::control_mechanism_names;
  return static_cast<arch::ControlMechanism>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::string compute_tiles_of(const json& root) {
  return root["controller"].value("compute_tiles", arch::compute_tile_control_names[0]);
}

constexpr const char* swap = "swap";
std::string overflow_of(const json& root) { return root["tile"]["program"].value("overflow", swap); }

std::vector<Problem> contradictions(const arch::ArraySpec& array, const Document& document, const std::string& path) {
  std::vector<Problem> problems;
  const auto add = [&](const std::string& key, const std::string& what, const std::string& legal) {
    const std::string at = join_path(path, key);
    problems.push_back({document.origin(at).file, at, what, legal});
  };
  if (array.tile.reserved >= array.tile.memory.size) {
    add("tile.reserved",
        fmt::format("{} B leave no room in a memory of {} B", array.tile.reserved, array.tile.memory.size),
        fmt::format("legal: less than {} B", array.tile.memory.size));
  }
  if (array.controller.mechanism == arch::ControlMechanism::serial && array.controller.operation_ns <= 0)
    add("controller.mechanism", "is \"serial\", and controller.operation_ns says nothing of what an operation takes",
        "legal: with controller.operation_ns above 0");
  const auto check_banks = [&](const char* key, const arch::MemorySpec& memory) {
    const Bytes line = memory.banks * memory.bank_width;
    if (memory.size % line != 0) {
      add(key, fmt::format("{} B are no multiple of {} banks of {} B", memory.size, memory.banks, memory.bank_width),
          fmt::format("legal: a multiple of {} B", line));
    }
  };
  check_banks("tile.memory.size", array.tile.memory);
  check_banks("memtile.memory.size", array.memtile.memory);
  return problems;
}
}  // namespace

Rule hardware_rule() {
  const Rule changed_from = Rule::object(
      "written into resolved configs: the hardware file that this one was and the keys that differ from it",
      {{"name", Rule::text("name of that hardware")},
       {"calibration", Rule::text("where that hardware was compared with silicon; absent: nowhere")},
       {"keys", Rule::list("what differs", 0, 1000, Rule::text(""))}},
      {"name", "keys"});
  Rule rule = Rule::object(
      "the array, as an object or the path of a file in configs/hardware",
      {{"$schema", Rule::text("schema for editors")},
       {"name", Rule::text("name of the hardware in results")},
       {"description", Rule::text("what it describes")},
       {"calibration", Rule::text("where fixed costs and rates were compared with silicon; absent: "
                                  "nowhere")},
       {"changed_from", changed_from},
       {"energy", energy_rule()},
       {"kernels", Rule::text("kernel library: a name that `tessera list kernels` shows, or the path of a file")}},
      {"name", "kernels"});
  rule.or_file = true;
  for (const HardwareKey& key : hardware_keys()) {
    const std::string::size_type dot = key.path.rfind('.');
    Rule& parent = object_at(rule, dot == std::string::npos ? "" : key.path.substr(0, dot));
    const std::string name = dot == std::string::npos ? key.path : key.path.substr(dot + 1);
    if (!key.optional) parent.required.push_back(name);
    Rule quantity = Rule::quantity(key.meaning, key.low, key.high, key.unit, key.whole);
    quantity.one_for_all = key.path == "rows" || key.path == "cols";
    parent.keys.emplace_back(name, std::move(quantity));
  }
  object_at(rule, "controller")
      .keys.emplace_back(
          "mechanism",
          Rule::choice("who starts the tasks of DMA channels: nobody, for free (none, if absent), one firmware stream, "
                       "control packets down each column, or each core in its own tile and control packets elsewhere",
                       {arch::control_mechanism_names.begin(), arch::control_mechanism_names.end()}));
  object_at(rule, "controller")
      .keys.emplace_back(
          "compute_tiles",
          Rule::choice("who starts the channels of compute tiles where mechanism is serial: the firmware "
                       "(mechanism, if absent), or each core those of its own tile, whose registers it reaches",
                       {arch::compute_tile_control_names.begin(), arch::compute_tile_control_names.end()}));
  object_at(rule, "tile.program")
      .keys.emplace_back(
          "overflow",
          Rule::choice(
              "what becomes of kernels whose code does not fit into the program memory of their core together: "
              "it is loaded when it is needed, for swap_us each time (swap, if absent), or the run does not fit",
              {swap, "refuse"}));
  for (const FormerHardwareKey& key : former_hardware_keys()) {
    const std::string::size_type dot = key.path.rfind('.');
    object_at(rule, key.path.substr(0, dot)).former.emplace_back(key.path.substr(dot + 1), key.instead);
  }
  return rule;
}

Expected<arch::ArraySpec> read_hardware(const Document& document, const std::string& path) {
  const json& root = *find_path(document.value, path);
  arch::ArraySpec array;
  array.name = root["name"].get<std::string>();
  array.kernels = root["kernels"].get<std::string>();
  array.controller.mechanism = mechanism_of(root);
  // Also where nobody starts transfers: what a serial controller would need is estimated there.
  array.controller.cores_start_own = array.controller.mechanism != arch::ControlMechanism::control_packets &&
                                     compute_tiles_of(root) == arch::compute_tile_control_names[1];
  array.tile.program.swaps = overflow_of(root) == swap;
  Failure failure;
  // rows and cols stand first in the table: what depends on the shape comes after them.
  for (const HardwareKey& key : hardware_keys()) {
    const json* quantity = find_path(root, key.path);
    if (quantity == nullptr) continue;
    const double value = quantity_value(*quantity, array);
    key.store(array, value);
    if (value >= key.low && value <= key.high) continue;
    const std::string at = join_path(path, key.path);
    failure.problems.push_back({document.origin(at).file, at,
                                fmt::format("is {:.16g} {} for {} columns", value, key.unit, array.cols),
                                fmt::format("legal: from {:.16g} to {:.16g} {}", key.low, key.high, key.unit)});
  }
  if (failure.problems.empty()) failure.problems = contradictions(array, document, path);
  if (!failure.problems.empty()) return failure;
  return array;
}

json hardware_values(const json& hardware, const arch::ArraySpec& array) {
  json values = {{"kernels", array.kernels}};
  // Where nobody starts transfers, what it would take decides nothing; absent and none are one hardware.
  const bool controlled = array.controller.mechanism != arch::ControlMechanism::none;
  const bool coded = array.kernels != "peak";  // ideal kernels have no code
  const auto decides = [&](const HardwareKey& key) {
    if (key.of_controllers) return controlled;
    return coded || key.path.rfind("tile.program.", 0) != 0;
  };
  for (const HardwareKey& key : hardware_keys())
    if (const json* quantity = find_path(hardware, key.path); quantity != nullptr && decides(key))
      values[key.path] = quantity_value(*quantity, array);
  if (controlled)
    values["controller.mechanism"] = hardware["controller"].value("mechanism", arch::control_mechanism_names[0]);
  if (array.controller.mechanism == arch::ControlMechanism::serial)
    values["controller.compute_tiles"] = compute_tiles_of(hardware);
  if (coded) values["tile.program.overflow"] = overflow_of(hardware);
  if (const std::optional<arch::EnergySpec> energy = read_energy(hardware))
    for (const EnergyKey& key : energy_keys()) values[std::string("energy.") + key.name] = (*energy).*(key.member);
  return values;
}

Expected<arch::ArraySpec> load_hardware(const std::string& file, const std::vector<std::string>& sets) {
  Document document = config::load_document(file, {}, sets);
  if (!document.problems.empty()) return Failure{ExitCode::bad_input, document.problems};
  write_plainly(document.value, hardware_rule());
  std::vector<Problem> problems = validate(document, hardware_rule());
  if (!problems.empty()) return Failure{ExitCode::bad_input, problems};
  return read_hardware(document, "");
}

}  // namespace tessera::config
