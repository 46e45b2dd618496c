#include "sim/validation/design.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/base/json_file.h"

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

constexpr int most_side = 1024;  // of an array

// [[rows, columns], ...]
std::vector<std::pair<int, int>> read_arrays(const std::string& file, const std::string& path, const json& list,
                                             Failure& failure) {
  std::vector<std::pair<int, int>> arrays;
  for (const json& entry : list) {
    if (entry.is_array() && entry.size() == 2 && entry[0].is_number_integer() && entry[1].is_number_integer() &&
        entry[0] >= 1 && entry[0] <= most_side && entry[1] >= 1 && entry[1] <= most_side)
      arrays.emplace_back(entry[0].get<int>(), entry[1].get<int>());
    else
      failure.problems.push_back({file, path, entry.dump(), "[rows, columns]"});
  }
  return arrays;
}

std::vector<std::string> texts(const std::string& file, const std::string& path, const json& list, Failure& failure) {
  std::vector<std::string> all;
  if (list.is_array())
    for (const json& text : list)
      if (text.is_string() && !text.get<std::string>().empty()) all.push_back(text.get<std::string>());
  if (!list.is_array() || all.size() != list.size())
    failure.problems.push_back({file, path, list.dump(), "a list of texts"});
  return all;
}

void read_machines(const std::string& file, const json& machines, ValidationSetup& setup, Failure& failure) {
  for (const auto& [name, entry] : machines.items()) {
    Machine& machine = setup.machines[name];
    const std::string path = "machines." + name;
    if (!entry.is_object()) {
      failure.problems.push_back({file, path, entry.dump(), "an object with platforms and hardware"});
      continue;
    }
    for (const auto& [key, value] : entry.items()) {
      if (key == "platforms")
        machine.platforms = texts(file, path + ".platforms", value, failure);
      else if (key == "hardware")
        machine.hardware = texts(file, path + ".hardware", value, failure);
      else
        failure.problems.push_back({file, path + "." + key, "unknown key", "platforms, hardware"});
    }
  }
}

// {"when": {"in_type": "i8"}, "take": {"m": "4096"}, "source": ...}; patterns are of the whole text of a column.
void read_filling(const std::string& file, const std::string& path, const json& entry, bool assumed,
                  GroupDesign& design, Failure& failure) {
  Filling f;
  f.assumed = assumed;
  const bool formed = entry.is_object() && entry.value("when", json()).is_object() &&
                      entry.value("take", json()).is_object() && entry.value("source", json()).is_string() &&
                      entry.size() == 3;
  if (!formed) return failure.problems.push_back({file, path, entry.dump(), "an object with when, take and source"});
  f.why = entry["source"].get<std::string>();
  for (const auto& [column, pattern] : entry["when"].items()) {
    try {
      f.when.emplace(column, std::regex(pattern.get<std::string>()));
    } catch (const std::exception&) {
      failure.problems.push_back({file, path + ".when." + column, pattern.dump(), "a regular expression"});
    }
    if (legal_in(column).empty())
      failure.problems.push_back({file, path + ".when." + column, "no such column", "a column of measured rows"});
  }
  MeasuredRow trial;
  for (const auto& [column, value] : entry["take"].items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (!set_column(trial, column, text))
      failure.problems.push_back({file, path + ".take." + column, value.dump(),
                                  legal_in(column).empty() ? "a column of measured rows" : legal_in(column)});
    f.take[column] = text;
  }
  design.fillings.push_back(std::move(f));
}

void read_values(const std::string& file, const std::string& path, const json& values, GroupDesign& design,
                 Failure& failure) {
  for (const auto& [key, value] : values.items()) {
    if (value.is_number())
      design.values[key] = value.get<double>();
    else
      failure.problems.push_back({file, path + "." + key, value.dump(), "a number"});
  }
}

void read_group(const std::string& file, const std::string& name, const json& entry, ValidationSetup& setup,
                Failure& failure) {
  GroupDesign design;
  if (!entry.is_object())
    return failure.problems.push_back({file, "groups." + name, entry.dump(), "an object with the name of a machine"});
  for (const auto& [key, value] : entry.items()) {
    if (key == "hardware" && value.is_string())
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
    } else if ((key == "read" || key == "assume") && value.is_array()) {
      continue;  // below: what is read comes before what is assumed
    } else if (key == "clock_source" && value.is_string()) {
      design.clock_source = value.get<std::string>();
    } else if (key == "values" && value.is_object()) {
      read_values(file, "groups." + name + ".values", value, design, failure);
    } else if (key == "values_source" && value.is_string()) {
      design.values_source = value.get<std::string>();
    } else if (key == "strips" && value.is_boolean())
      design.strips = value.get<bool>();
    else if (key == "span" && value.is_boolean())
      design.span = value.get<bool>();
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
  for (const char* key : {"read", "assume"}) {
    const json list = entry.value(key, json::array());
    for (std::size_t i = 0; i < list.size(); ++i)
      read_filling(file, fmt::format("groups.{}.{}[{}]", name, key, i), list[i], key == std::string("assume"), design,
                   failure);
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
  if (has(holdout_ids, row.id)) return false;
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
  const json holdout = calibration.value("holdout", json::object());
  for (const auto& [id, why] : holdout.items()) setup.holdout_ids.push_back(id);
  for (const auto& [id, why] : ids.items()) setup.calibration_ids.push_back(id);
  auto known = read_measured(config_folder + "/validation/measured.csv");
  if (!known) return known.failure();
  for (const MeasuredRow& row : *known) setup.known_ids.insert(row.id);
  return setup;
}

}  // namespace tessera::validation
