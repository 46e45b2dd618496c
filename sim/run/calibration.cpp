#include "sim/run/calibration.h"

#include <set>

#include "sim/config/hardware.h"

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
  return values;
}

std::vector<std::string> differing_keys(const json& ours, const json& theirs, bool calibrated) {
  std::set<std::string> keys, changed;
  for (const json* side : {&ours, &theirs})
    for (const auto& [key, value] : side->items()) keys.insert(key);
  for (const std::string& key : keys) {
    const json mine = ours.value(key, json()), base = theirs.value(key, json());
    const bool part =
        calibrated && (key == "rows" || key == "cols") && mine.is_number() && base.is_number() && mine <= base;
    if (mine != base && !part) changed.insert(key);
  }
  return {changed.begin(), changed.end()};
}
}  // namespace

void settle_calibration(config::Document& document, const arch::ArraySpec& array) {
  json& hardware = document.value["hardware"];
  if (hardware.contains("changed_from")) hardware.erase("calibration");  // a resolved config that was run again
  const bool calibrated = hardware.contains("calibration");
  const char* key = calibrated ? "calibration" : "name";
  const json base = hardware_in(document.origin(std::string("hardware.") + key).file, key);
  if (base.is_null()) return;
  const std::vector<std::string> changed =
      differing_keys(values_of(hardware, array), values_of(base, array), calibrated);
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
