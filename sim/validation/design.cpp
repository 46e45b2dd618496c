#include "sim/validation/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/json_file.h"
#include "sim/config/hardware.h"

namespace tessera::validation {
namespace {
using nlohmann::json;

json read_object(const std::string& file, Failure& failure) {
  Expected<json> root = read_json(file);
  if (root && root->is_object()) return std::move(*root);
  if (root) root = fail(ExitCode::bad_input, {file, "", "is no JSON object", "legal: a JSON object"});
  failure.problems.insert(failure.problems.end(), root.failure().problems.begin(), root.failure().problems.end());
  return json();
}

Expected<std::vector<StatedNoise>> read_noise(const std::string& file, const std::string& path, const json& list) {
  std::vector<StatedNoise> noise;
  Failure failure;
  for (std::size_t i = 0; i < list.size(); ++i) {
    StatedNoise n;
    for (const auto& [key, value] : list[i].items()) {
      if (key == "workload" && value.is_string())
        n.workload = value.get<std::string>();
      else if (key == "max_words" && value.is_number())
        n.max_words = value.get<double>();
      else if (key == "low" && value.is_number())
        n.low = value.get<double>();
      else if (key == "high" && value.is_number())
        n.high = value.get<double>();
      else if (key == "pct" && value.is_number())
        n.pct = value.get<double>();
      else if (key != "source")
        failure.problems.push_back({file, path + "[" + std::to_string(i) + "]." + key, "unknown key or wrong type",
                                    "workload, max_words, low, high, pct or source"});
    }
    noise.push_back(std::move(n));
  }
  if (!failure.problems.empty()) return failure;
  return noise;
}

// [[rows, columns], ...]
std::vector<std::pair<int, int>> read_arrays(const std::string& file, const std::string& path, const json& list,
                                             Failure& failure) {
  std::vector<std::pair<int, int>> arrays;
  for (const json& entry : list) {
    if (entry.is_array() && entry.size() == 2 && entry[0].is_number_integer() && entry[1].is_number_integer())
      arrays.emplace_back(entry[0].get<int>(), entry[1].get<int>());
    else
      failure.problems.push_back({file, path, entry.dump(), "[rows, columns]"});
  }
  return arrays;
}

void read_machines(const std::string& file, const json& machines, ValidationSetup& setup, Failure& failure) {
  for (const auto& [machine, names] : machines.items())
    for (const json& name : names) {
      if (name.is_string() && !name.get<std::string>().empty())
        setup.machines[machine].push_back(name.get<std::string>());
      else
        failure.problems.push_back({file, "machines." + machine, name.dump(), "a list of texts"});
    }
}

void read_group(const std::string& file, const std::string& name, const json& entry, ValidationSetup& setup,
                Failure& failure) {
  GroupDesign design;
  if (!entry.is_object() || !entry.contains("hardware") || !entry["hardware"].is_string()) {
    failure.problems.push_back({file, "groups." + name, "no hardware", "an object with the name of a hardware file"});
    return;
  }
  for (const auto& [key, value] : entry.items()) {
    if (key == "hardware")
      design.hardware = value.get<std::string>();
    else if (key == "kernels" && value.is_string())
      design.kernels = value.get<std::string>();
    else if (key == "noise" && value.is_array()) {
      auto noise = read_noise(file, "groups." + name + ".noise", value);
      if (noise)
        design.noise = std::move(*noise);
      else
        failure.problems.insert(failure.problems.end(), noise.failure().problems.begin(),
                                noise.failure().problems.end());
    } else if (key == "strips" && value.is_boolean())
      design.strips = value.get<bool>();
    else if (key == "span" && value.is_boolean())
      design.span = value.get<bool>();
    else if (key == "bottleneck" && value.is_boolean())
      design.bottleneck = value.get<bool>();
    else if (key == "dispatch" && value.is_boolean())
      design.dispatch = value.get<bool>();
    else if (key == "machine" && value.is_string())
      design.machine = value.get<std::string>();
    else if (key == "arrays" && value.is_array())
      design.arrays = read_arrays(file, "groups." + name + ".arrays", value, failure);
    else if (value.is_number())
      design.numbers[key] = value.get<double>();
    else if (key.size() < 6 || key.compare(key.size() - 6, 6, "source") != 0)
      failure.problems.push_back(
          {file, "groups." + name + "." + key, "unknown key or wrong type", "a number with a name"});
  }
  if (setup.machines.count(design.machine) == 0)
    failure.problems.push_back(
        {file, "groups." + name + ".machine", "\"" + design.machine + "\"", "a name of machines"});
  setup.groups[name] = std::move(design);
}

}  // namespace

bool ValidationSetup::calibration(const MeasuredRow& row) const {
  const auto has = [](const std::vector<std::string>& list, const std::string& what) {
    return std::find(list.begin(), list.end(), what) != list.end();
  };
  return has(calibration_ids, row.id) ||
         (has(calibration_classes, row_class_name(row.row_class())) && known_ids.count(row.id) > 0);
}

StatedNoise ValidationSetup::noise(const MeasuredRow& row) const {
  const auto group = groups.find(row.group);
  if (group == groups.end()) return {};
  const std::vector<double> numbers = numbers_in(row.shape);
  for (const StatedNoise& n : group->second.noise) {
    if (row.workload != n.workload) continue;
    const bool words = !numbers.empty() && row.shape.find(" word") != std::string::npos;
    if (n.max_words == 0 || (words && numbers[0] <= n.max_words)) return n;
  }
  return {};
}

Expected<ValidationSetup> load_validation_setup(const std::string& config_folder) {
  ValidationSetup setup;
  setup.config_folder = config_folder;
  Failure failure;
  const std::string designs = config_folder + "/validation/designs.json";
  const json root = read_object(designs, failure);
  if (root.is_object()) read_machines(designs, root.value("machines", json::object()), setup, failure);
  const json groups = root.is_object() ? root.value("groups", json::object()) : json::object();
  for (const auto& [name, entry] : groups.items()) read_group(designs, name, entry, setup, failure);
  const json calibration = read_object(config_folder + "/validation/calibration.json", failure);
  if (!failure.problems.empty()) return failure;
  for (const auto& name : calibration.value("classes", json::array()))
    if (name.is_string()) setup.calibration_classes.push_back(name.get<std::string>());
  const json ids = calibration.value("ids", json::object());
  for (const auto& [id, why] : ids.items()) setup.calibration_ids.push_back(id);
  auto known = read_measured(config_folder + "/validation/measured.csv");
  if (!known) return known.failure();
  for (const MeasuredRow& row : *known) setup.known_ids.insert(row.id);
  return setup;
}

Expected<arch::ArraySpec> array_of(const MeasuredRow& row, const ValidationSetup& setup) {
  const GroupDesign& group = setup.groups.at(row.group);
  std::vector<std::string> sets;
  if (row.clock_ghz > 0) sets.push_back(fmt::format("clock_hz={}", row.clock_ghz * 1e9));
  auto array = config::load_hardware(setup.config_folder + "/hardware/" + group.hardware, sets);
  if (!array) return array;
  if (row.rows > array->rows || row.cols > array->cols)
    return fail(ExitCode::does_not_fit, {"", "rows, cols", fmt::format("{}x{} compute tiles", row.rows, row.cols),
                                         fmt::format("{} has {}x{}", array->name, array->rows, array->cols)});
  if (row.rows > 0) array->rows = row.rows;
  if (row.cols > 0) array->cols = row.cols;
  return array;
}

}  // namespace tessera::validation
