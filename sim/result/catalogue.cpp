#include "sim/result/catalogue.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/result/accuracy_result.h"
#include "sim/result/engine_result.h"
#include "sim/result/plan_summary.h"
#include "sim/result/prune_result.h"
#include "sim/result/replay_result.h"
#include "sim/result/staged_run.h"
#include "sim/result/validation_result.h"

namespace tessera::result {
namespace {

template <class Owner>
void append(std::vector<MetricInfo>& all, const std::string& prefix, const std::vector<Metric<Owner>>& table) {
  for (const Metric<Owner>& m : table)
    all.push_back({prefix + m.name, m.unit, m.sentence, m.formula, m.label, m.column.name, m.access.kind,
                   m.access.get == nullptr});
}

template <class Matches>
const MetricInfo* first(const Matches& matches) {
  const std::vector<MetricInfo>& all = all_metrics();
  const auto found = std::find_if(all.begin(), all.end(), matches);
  return found == all.end() ? nullptr : &*found;
}

std::string last_part(const std::string& name) {
  const std::string::size_type dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(dot + 1);
}
}  // namespace

const std::vector<MetricInfo>& all_metrics() {
  static const std::vector<MetricInfo> all = [] {
    std::vector<MetricInfo> metrics;
    append(metrics, "", run_metrics());
    append(metrics, "", density_metrics());
    metrics.push_back({"density", "", "Which of the two runs a line of layers.csv is of: dense or sparse.", "given", "",
                       "density", Kind::other, true});
    append(metrics, "layers[].", layer_metrics());
    append(metrics, "images[].", image_metrics());
    append(metrics, "sparsity.by_layer[].", zeros_metrics());
    append(metrics, "check.", plan_metrics());
    append(metrics, "staged.", staged_metrics());
    append(metrics, "staged.host[].", staged_call_metrics());
    append(metrics, "staged.", staged_density_metrics());
    append(metrics, "prune.", prune_metrics());
    append(metrics, "accuracy.", accuracy_metrics());
    append(metrics, "accuracy.", judged_metrics());
    append(metrics, "engine.", engine_metrics());
    append(metrics, "engine.", engine_figure_metrics());
    append(metrics, "validate.", validation_metrics());
    append(metrics, "validate.rows[].", validated_row_metrics());
    append(metrics, "replay.", replay_metrics());
    append(metrics, "replay.layers[].", replayed_layer_metrics());
    append(metrics, "replay.layers[].passes[].", pass_metrics());
    return metrics;
  }();
  return all;
}

const MetricInfo* find_metric(const std::string& name) {
  if (name.empty()) return nullptr;
  if (const auto* m = first([&](const MetricInfo& i) { return i.name == name; })) return m;
  if (const auto* m = first([&](const MetricInfo& i) { return i.column == name; })) return m;
  if (const auto* m = first([&](const MetricInfo& i) { return last_part(i.name) == name; })) return m;
  const std::string dense = "dense_";
  return name.rfind(dense, 0) == 0 ? find_metric(name.substr(dense.size())) : nullptr;
}

std::string catalogue_json() {
  nlohmann::json list = nlohmann::json::array();
  for (const MetricInfo& m : all_metrics())
    list.push_back({{"name", m.name},
                    {"unit", m.unit},
                    {"sentence", m.sentence},
                    {"formula", m.formula},
                    {"label", m.label},
                    {"column", m.column}});
  return list.dump(1) + "\n";
}

}  // namespace tessera::result
