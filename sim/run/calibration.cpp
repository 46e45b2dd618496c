#include "sim/run/calibration.h"

#include <filesystem>
#include <set>

#include "sim/base/json_file.h"
#include "sim/config/hardware.h"
#include "sim/run/config_folder.h"

namespace tessera::run {
namespace {
using nlohmann::json;

// The hardware as the file at `path` has it, whether that is a hardware file or a run config; null if it has none.
json hardware_in(const std::string& path, const std::string& key) {
  const config::Document whole = config::load_document(path, {"network", "hardware"});
  if (!whole.problems.empty() || !whole.value.is_object()) return nullptr;
  const json& value = whole.value.contains("hardware") ? whole.value["hardware"] : whole.value;
  return value.is_object() && value.contains(key) && value.contains("name") ? value : json();
}

json values_of(const json& hardware, const arch::ArraySpec& array) {
  json values = config::hardware_values(hardware, array);
  values["kernels"] = hardware.value("kernels", json());
  for (auto it = values.begin(); it != values.end();)  // energy decides no time
    it = it.key().rfind("energy.", 0) == 0 ? values.erase(it) : std::next(it);
  return values;
}

// The kernel libraries with which designs on the machine of `file` were compared with silicon.
std::set<std::string> validated_kernels(const std::string& file) {
  std::set<std::string> names;
  const std::vector<std::string> all = config_names("hardware/kernels");
  const Expected<json> designs = read_json(config_folder() + "/validation/designs.json");
  if (!designs || !designs->is_object()) return names;
  const json groups = designs->value("groups", json::object());
  for (const json& group : groups) {
    const std::string machine = config_folder() + "/hardware/" + group.value("hardware", "");
    std::error_code ignored;
    if (!std::filesystem::equivalent(machine, file, ignored)) continue;
    if (group.contains("kernels")) names.insert(group["kernels"].get<std::string>());
    for (const std::string& name : all)  // of the design of this name
      if (group.value("bottleneck", false) && name.rfind("bottleneck-", 0) == 0) names.insert(name);
  }
  return names;
}

std::vector<std::string> differing_keys(const json& ours, const json& theirs, bool calibrated,
                                        const std::set<std::string>& kernels) {
  std::set<std::string> keys, changed;
  for (const json* side : {&ours, &theirs})
    for (const auto& [key, value] : side->items()) keys.insert(key);
  for (const std::string& key : keys) {
    const json mine = ours.value(key, json()), base = theirs.value(key, json());
    const bool part =
        calibrated && (key == "rows" || key == "cols") && mine.is_number() && base.is_number() && mine <= base;
    const bool validated = key == "kernels" && mine.is_string() && kernels.count(mine.get<std::string>()) > 0;
    if (mine != base && !part && !validated) changed.insert(key);
  }
  return {changed.begin(), changed.end()};
}
}  // namespace

void settle_calibration(config::Document& document, const arch::ArraySpec& array) {
  json& hardware = document.value["hardware"];
  if (hardware.contains("changed_from")) hardware.erase("calibration");  // a resolved config that was run again
  const bool calibrated = hardware.contains("calibration");
  const char* key = calibrated ? "calibration" : "name";
  const std::string& file = document.origin(std::string("hardware.") + key).file;
  const json base = hardware_in(file, key);
  if (base.is_null()) return;
  const std::vector<std::string> changed =
      differing_keys(values_of(hardware, array), values_of(base, array), calibrated,
                     calibrated ? validated_kernels(file) : std::set<std::string>{});
  if (changed.empty()) return;
  std::set<std::string> all(changed.begin(), changed.end());
  json from = {{"name", base["name"]}};
  if (calibrated) from["calibration"] = hardware["calibration"];
  if (hardware.contains("changed_from")) {
    from = hardware["changed_from"];
    for (const json& before : from["keys"]) all.insert(before.get<std::string>());
  }
  from["keys"] = all;
  hardware.erase("calibration");
  hardware["changed_from"] = std::move(from);
}

}  // namespace tessera::run
