#include "sim/run/run_defaults.h"

#include "sim/schedule/registry.h"
#include "sim/sparsity/mask_spec.h"

namespace tessera::run {
namespace {
using nlohmann::json;

// Puts a default where the config says nothing.
void set_default(json& object, const char* key, const json& value) {
  if (!object.contains(key)) object[key] = value;
}

// A mapping is followed by the policy that reads one; what a policy never does is off.
void complete_schedule(json& schedule) {
  set_default(schedule, "policy",
              schedule.contains("mapping") ? policy_with(&schedule::RegisteredPolicy::reads_mapping)
                                           : schedule::ScheduleSpec{}.policy);
  const schedule::RegisteredPolicy* policy =
      schedule["policy"].is_string() ? schedule::find_policy(schedule["policy"].get<std::string>()) : nullptr;
  const schedule::SearchKind search =
      policy != nullptr && policy->searches ? schedule::ScheduleSpec{}.search : schedule::SearchKind::estimate;
  set_default(schedule, "search", search_name(search));
  set_default(schedule, "balance", policy != nullptr && policy->balances && schedule::ScheduleSpec{}.balance);
  set_default(schedule, "depth_first",
              policy != nullptr && policy->tiles_in_depth && schedule::ScheduleSpec{}.depth_first);
}

void complete_sparsity(json& sparsity) {
  const sparsity::MaskSpec spec;
  set_default(sparsity, "block", {spec.bc, spec.bi});
  const bool important = sparsity.contains("importance");
  if (!sparsity.contains("mask_file")) {
    if (sparsity.value("scope", json()) != "n_m") set_default(sparsity, "ratio", spec.ratio);
    if (!important) set_default(sparsity, "pattern", spec.pattern);
    set_default(sparsity, "seed", spec.seed);
  }
  if (important) set_default(sparsity, "scope", "layer");
  if (sparsity.value("scope", json()) == "n_m") set_default(sparsity, "n_m", spec.n_m);
  set_default(sparsity, "first_dense", spec.first_dense);
}

}  // namespace

void replace_generator(config::Document& document) {
  constexpr const char* set = "--set";
  json& config = document.value;
  if (!config.contains("sparsity") || !config["sparsity"].is_object() || !config["sparsity"].contains("mask_file"))
    return;
  if (document.origin("sparsity.mask_file").file != set) return;
  for (const char* key : {"ratio", "pattern", "seed", "importance", "scope", "n_m", "weights", "gradients"})
    if (document.origin(std::string("sparsity.") + key).file != set) config["sparsity"].erase(key);
}

void complete(json& config, const std::string& name) {
  set_default(config, "name", name);
  set_default(config, "accounting", "physical");
  set_default(config, "fidelity", "burst");
  set_default(config, "seed", 1);
  set_default(config, "schedule", json::object());
  set_default(config, "sparsity", json::object());
  if (config["schedule"].is_object()) complete_schedule(config["schedule"]);
  if (config["sparsity"].is_object()) complete_sparsity(config["sparsity"]);
  config.erase("$schema");
}

}  // namespace tessera::run
