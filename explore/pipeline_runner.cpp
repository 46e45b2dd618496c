#include "explore/pipeline_runner.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "explore/axis_facts.h"
#include "explore/point_resolver.h"
#include "sim/run/pipeline.h"

namespace tessera::explore {
namespace {

// Mappings of dense networks by the key of their run, the last ones that were decided.
class Decisions {
 public:
  void add(const std::string& key, const std::string& mapping) {
    if (!mappings_.emplace(key, mapping).second) return;
    keys_.push_back(key);
    if (keys_.size() <= most) return;
    mappings_.erase(keys_.front());
    keys_.pop_front();
  }
  std::optional<std::string> of(const std::string& key) const {
    const auto found = mappings_.find(key);
    return found == mappings_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static constexpr std::size_t most = 64;  // some 100 KB each
  std::map<std::string, std::string> mappings_;
  std::deque<std::string> keys_;  // the oldest first
};

// What is known of the dense network when a run begins. It is the same that the run would decide.
class KnownDecision : public run::DenseDecision {
 public:
  KnownDecision(const Decisions& decisions, const run::RunConfig& config) : decisions_(decisions), config_(config) {}
  void tell(const std::string& mapping) override { told = mapping; }
  std::optional<std::string> wait() override { return decisions_.of(content_hash(config_, run::Density::dense)); }
  std::string told;

 private:
  const Decisions& decisions_;
  const run::RunConfig& config_;
};

Expected<result::StoredRow> run_point(const Json& document, bool dense, const Decisions& decisions) {
  const Expected<run::RunConfig> config = run::make_run_config(document, ".", "point");
  if (!config) return config.failure();
  const run::Density density = dense ? run::Density::dense : run::Density::sparse;
  KnownDecision decision(decisions, *config);
  run::RunOptions options;
  options.dense = &decision;
  Expected<result::DensityResult> result = run_density(*config, density, options);
  if (!result) return result.failure();
  result::StoredRow row = result::stored_row(dense ? make_result(*config, std::move(*result), std::nullopt)
                                                   : make_result(*config, std::nullopt, std::move(*result)));
  row.dense_mapping = std::move(decision.told);
  return row;
}

}  // namespace

PointRunner pipeline_runner(const std::string& base, const std::string& folder) {
  PointRunner runner;
  const auto resolver = std::make_shared<PointResolver>(base, folder);
  runner.resolve = [resolver](const Overrides& overrides) { return resolver->resolve(overrides); };
  runner.axis_facts = [resolver](const std::vector<std::string>& paths) {
    const Expected<ResolvedPoint> alone = resolver->resolve({});
    return alone ? axis_facts(Json::parse(alone->config), paths) : std::map<std::string, AxisFacts>();
  };
  const auto decisions = std::make_shared<Decisions>();
  runner.run = [decisions](const Json& config, bool dense) { return run_point(config, dense, *decisions); };
  runner.done = [decisions](const std::string& key, const result::StoredRow& result) {
    if (!result.dense_mapping.empty()) decisions->add(key, result.dense_mapping);
  };
  return runner;
}

}  // namespace tessera::explore
