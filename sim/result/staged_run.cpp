#include "sim/result/staged_run.h"

#include "sim/result/json.h"

namespace tessera::result {

double StagedRun::host_us() const {
  double us = 0;
  for (const StagedCall& call : host) us += call.us;
  return us;
}

std::optional<double> StagedRun::array_us(bool dense) const {
  double us = 0;
  for (const RunResult& stage : stages) {
    const auto& density = dense ? stage.dense : stage.sparse;
    if (!density) return std::nullopt;
    us += density->latency_us;
  }
  return us;
}

std::string json_text(const StagedRun& run) {
  nlohmann::json object{
      {"host_us", run.host_us()}, {"host", nlohmann::json::array()}, {"stages", nlohmann::json::array()}};
  for (const StagedCall& call : run.host)
    object["host"].push_back({{"before_stage", call.before_stage},
                              {"node", call.node},
                              {"op", call.op},
                              {"us", call.us},
                              {"elements_read", call.elements_read},
                              {"elements_made", call.elements_made}});
  for (const RunResult& stage : run.stages) object["stages"].push_back(to_json(stage));
  for (const bool dense : {true, false})
    if (const std::optional<double> array = run.array_us(dense))
      object[dense ? "dense" : "sparse"] = {{"array_us", *array}, {"latency_us", *array + run.host_us()}};
  return object.dump(1) + "\n";
}

}  // namespace tessera::result
