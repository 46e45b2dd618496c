#include "sim/run/conflicting_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/config/validate.h"
#include "sim/schedule/registry.h"

namespace tessera::run {
namespace {
using nlohmann::json;

class Finder {
 public:
  Finder(const config::Document& document, const network::Network* network) : document_(document), network_(network) {}

  std::vector<Problem> find() {
    check_mask_file(part(document_.value, "sparsity"));
    check_importance(part(document_.value, "sparsity"));
    check_dense_layers(part(document_.value, "sparsity"));
    check_halves(part(document_.value, "schedule"));
    check_policy(part(document_.value, "schedule"));
    check_batch();
    return std::move(problems_);
  }

 private:
  // The object at `key`, empty when there is none.
  static const json& part(const json& object, const char* key) {
    static const json none = json::object();
    if (!object.is_object() || !object.contains(key) || !object[key].is_object()) return none;
    return object[key];
  }

  void refuse(const json& object, const char* key, const std::string& at, const std::string& beside,
              const std::string& legal) {
    if (!object.is_object() || !object.contains(key)) return;
    const std::string path = config::join_path(at, key);
    problems_.push_back(
        {document_.origin(path).file, path, fmt::format("is {} beside {}", config::show(object[key]), beside), legal});
  }

  // A file says which blocks are zero; only the size of the blocks is left to say.
  void check_mask_file(const json& sparsity) {
    if (!sparsity.contains("mask_file")) return;
    const char* beside = "sparsity.mask_file, which says which blocks are zero";
    const std::string legal = "legal: one of the two";
    for (const char* key : {"ratio", "pattern", "seed", "importance"}) refuse(sparsity, key, "sparsity", beside, legal);
    for (const auto& [name, layer] : part(sparsity, "layers").items())
      for (const char* key : {"ratio", "pattern", "seed"}) refuse(layer, key, "sparsity.layers." + name, beside, legal);
  }

  // Importance says which blocks are zero, and the other keys how it is used.
  void check_importance(const json& sparsity) {
    const char* legal = "legal: one of the two";
    if (!sparsity.contains("importance")) {
      for (const char* key : {"scope", "n_m", "weights", "gradients"})
        refuse(sparsity, key, "sparsity", "no sparsity.importance, which would use it",
               "legal: with sparsity.importance");
      return;
    }
    const char* beside = "sparsity.importance, which says which blocks are zero";
    refuse(sparsity, "pattern", "sparsity", beside, legal);
    for (const auto& [name, layer] : part(sparsity, "layers").items())
      for (const char* key : {"pattern", "seed"}) refuse(layer, key, "sparsity.layers." + name, beside, legal);
    const json importance = sparsity["importance"];
    if (importance != "taylor" && importance != "fisher")
      refuse(sparsity, "gradients", "sparsity",
             "sparsity.importance=" + config::show(importance) + ", which needs none", "legal: with taylor or fisher");
    if (sparsity.value("scope", json()) != "n_m") {
      const json& layers = part(sparsity, "layers");
      const bool ratio = std::any_of(layers.begin(), layers.end(),
                                     [](const json& layer) { return layer.is_object() && layer.contains("ratio"); });
      if (!ratio && !sparsity.contains("ratio"))
        problems_.push_back({document_.origin("sparsity.importance").file, "sparsity.importance",
                             fmt::format("is {} without a ratio", config::show(importance)),
                             "legal: with sparsity.ratio, ratios of layers, or sparsity.scope=n_m"});
      refuse(sparsity, "n_m", "sparsity", "another sparsity.scope than n_m", "legal: with sparsity.scope=n_m");
      return;
    }
    for (const json& layer : part(sparsity, "layers"))
      if (layer.is_object() && layer.contains("ratio"))
        problems_.push_back({document_.origin("sparsity.layers").file, "sparsity.layers",
                             "has ratios beside sparsity.scope=n_m, which decides them", legal});
    refuse(sparsity, "ratio", "sparsity", "sparsity.scope=n_m, which decides it", legal);
    const json n_m = sparsity.value("n_m", json::array({2, 4}));
    if (n_m.is_array() && n_m.size() == 2 && n_m[0].is_number() && n_m[1].is_number() && n_m[0] > n_m[1])
      refuse(sparsity, "n_m", "sparsity", "more blocks that stay than there are", "legal: [n, m] with n up to m");
  }

  // A layer that stays dense has no ratio, block or pattern.
  void check_dense_layers(const json& sparsity) {
    const json& layers = part(sparsity, "layers");
    const json exclude = sparsity.value("exclude", json::array());
    for (std::size_t i = 0; exclude.is_array() && i < exclude.size(); ++i)
      if (exclude[i].is_string())
        refuse(layers, exclude[i].get<std::string>().c_str(), "sparsity.layers",
               fmt::format("sparsity.exclude[{}], which keeps the layer dense", i), "legal: one of the two");
    if (network_ == nullptr || sparsity.value("first_dense", json()) != true) return;
    for (const network::Layer& layer : network_->layers) {
      if (!ops::has_blocks(layer) || layer.is_gemm) continue;
      refuse(layers, layer.name.c_str(), "sparsity.layers",
             "sparsity.first_dense=true, which keeps the first convolution dense", "legal: one of the two");
      return;
    }
  }

  // What is about one image alone.
  void check_batch() {
    const json& config = document_.value;
    if (!config.is_object() || config.value("batch", json(1)) == 1) return;
    if (config.value("accounting", json()) == "published")
      refuse(config, "batch", "", "accounting=published, whose schedule is of one image",
             "legal: 1, or accounting=physical");
    if (!part(config, "schedule").value("fusion_groups", json::array()).empty())
      refuse(config, "batch", "", "schedule.fusion_groups, which are of one image", "legal: 1, or without them");
  }

  // One half of a forced mapping would silently choose the other.
  void check_halves(const json& schedule) {
    for (const auto& [name, layer] : part(schedule, "layers").items()) {
      if (!layer.is_object() || layer.contains("cols") == layer.contains("rows")) continue;
      const char* key = layer.contains("cols") ? "cols" : "rows";
      const std::string path = config::join_path("schedule.layers." + name, key);
      problems_.push_back(
          {document_.origin(path).file, path,
           fmt::format("is {} without {}", config::show(layer[key]), layer.contains("cols") ? "rows" : "cols"),
           "legal: both, or neither"});
    }
  }

  // What a policy decides itself or never does, the published accounting all the rest as well.
  void check_policy(const json& schedule) {
    using schedule::RegisteredPolicy;
    const bool accounting = document_.value.is_object() && document_.value.value("accounting", json()) == "published";
    const bool given = schedule.contains("mapping");
    const json name = schedule.value(
        "policy", json(given ? policy_with(&RegisteredPolicy::reads_mapping) : schedule::ScheduleSpec{}.policy));
    const RegisteredPolicy* policy = name.is_string() ? schedule::find_policy(name.get<std::string>()) : nullptr;
    if (policy == nullptr && !accounting) return;  // reported as an unknown policy
    const auto follows = [&](bool RegisteredPolicy::*key) { return !accounting && policy->*key; };
    const std::string never =
        accounting ? "accounting=published, which never does it" : "policy=" + policy->name + ", which never does it";
    const auto legal = [&](const char* none, bool RegisteredPolicy::*key) {
      return fmt::format("legal: {}, or {}schedule.policy={}", none, accounting ? "accounting=physical with " : "",
                         policy_with(key));
    };
    const std::pair<const char*, bool RegisteredPolicy::*> switches[] = {
        {"balance", &RegisteredPolicy::balances}, {"depth_first", &RegisteredPolicy::tiles_in_depth}};
    for (const auto& [key, property] : switches)
      if (schedule.value(key, json()) == true && !follows(property))
        refuse(schedule, key, "schedule", never, legal("false", property));
    if (schedule.value("search", json("estimate")) != "estimate" && !follows(&RegisteredPolicy::searches))
      refuse(schedule, "search", "schedule", never, legal("estimate", &RegisteredPolicy::searches));
    if (!accounting && !policy->walks_forced && !schedule.value("fusion_groups", json::array()).empty())
      refuse(schedule, "fusion_groups", "schedule", never, legal("none", &RegisteredPolicy::walks_forced));
    if (!accounting && given && !policy->reads_mapping)
      refuse(schedule, "mapping", "schedule", never, legal("none", &RegisteredPolicy::reads_mapping));
    if (!accounting && policy->reads_mapping && !schedule.value("layers", json::object()).empty())
      refuse(schedule, "layers", "schedule", "a whole mapping (policy=" + policy->name + ")",
             "legal: none; what is forced stands in the mapping");
    if (accounting) check_accounting(schedule, name, policy);
  }

  void check_accounting(const json& schedule, const json& name, const schedule::RegisteredPolicy* policy) {
    if (policy != nullptr && !policy->accounting)
      problems_.push_back({document_.origin("schedule.policy").file, "schedule.policy",
                           fmt::format("is {} with accounting=published, whose arithmetic is defined for the "
                                       "sub-volumes and passes of the published compiler only",
                                       config::show(name)),
                           "legal: schedule.policy=" + policy_with(&schedule::RegisteredPolicy::accounting) +
                               ", or accounting=physical"});
    for (const char* key : {"layers", "fusion_groups", "mapping"})
      if (schedule.contains(key) && !schedule[key].empty())
        refuse(schedule, key, "schedule", "accounting=published, whose sub-volumes and passes cannot be forced",
               "legal: accounting=physical, or none");
  }

  const config::Document& document_;
  const network::Network* network_;
  std::vector<Problem> problems_;
};
}  // namespace

std::vector<Problem> conflicting_keys(const config::Document& document, const network::Network* network) {
  return Finder(document, network).find();
}

}  // namespace tessera::run
