#include "sim/result/engine_result.h"

#include "sim/result/json.h"

namespace tessera::result {

const std::vector<Metric<EngineResult>>& engine_metrics() {
  using E = EngineResult;
  static const std::vector<Metric<E>> table{
      {"network", "", "The network.", "given", field<&E::network>()},
      {"variant", "", "How the engine divides layers into tasks.", "given", field<&E::variant>()},
      {"compute", "", "The run as it is.", "simulated", {}},
      {"no_compute", "", "The same transfers and cores that compute nothing.", "simulated", {}},
  };
  return table;
}

const std::vector<Metric<EngineFigures>>& engine_figure_metrics() {
  using F = EngineFigures;
  static const std::vector<Metric<F>> table{
      {"latency_us", "us", "Simulated time on the array.", "simulated", field<&F::latency_us>(),
       "latency on the array"},
      {"total_us", "us", "With the dispatch from the host.", "latency_us + dispatch", field<&F::total_us>(),
       "with the dispatch"},
      {"tasks", "tasks", "Tasks of the shims' channels.", "counted", field<&F::tasks>()},
      {"tokens", "tokens", "Tasks whose completion the controller is told.", "counted", field<&F::tokens>()},
      {"instruction_bytes", "B", "Stream of the controller.", "counted", field<&F::instruction_bytes>()},
      {"ddr_bytes", "B", "Moved from and to DDR.", "counted", field<&F::ddr_bytes>()},
  };
  return table;
}

std::string json_text(const EngineResult& result) {
  nlohmann::json object;
  write_metrics(result, engine_metrics(), object);
  write_metrics(result.compute, engine_figure_metrics(), object["compute"]);
  write_metrics(result.no_compute, engine_figure_metrics(), object["no_compute"]);
  return object.dump(1) + "\n";
}

std::string pack(const EngineFigures& figures) {
  nlohmann::json object;
  write_metrics(figures, engine_figure_metrics(), object);
  return object.dump();
}

EngineFigures unpack_engine(const std::string& bytes) {
  EngineFigures figures;
  read_metrics(nlohmann::json::parse(bytes), engine_figure_metrics(), figures);
  return figures;
}

}  // namespace tessera::result
