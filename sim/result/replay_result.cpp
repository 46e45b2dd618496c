#include "sim/result/replay_result.h"

#include "sim/result/json.h"

namespace tessera::result {

const std::vector<Metric<ReplayResult>>& replay_metrics() {
  using R = ReplayResult;
  static const std::vector<Metric<R>> table{
      {"accounting", "", "published or physical.", "given", field<&R::accounting>()},
      {"array", "", "The hardware file.", "given", field<&R::array>()},
      {"rows", "cores", "Cores per column.", "given", field<&R::rows>()},
      {"cols", "columns", "Columns.", "given", field<&R::cols>()},
      {"latency_us", "us", "Simulated time of the schedule.", "simulated", field<&R::latency_us>()},
      {"added_passes", "passes", "Passes that a correct execution needs and the trace lacks; physical accounting.",
       "counted", field<&R::added_passes>()},
      {"layers", "", "One entry per layer (see layers[].*).", "simulated", {}},
  };
  return table;
}

const std::vector<Metric<ReplayedLayer>>& replayed_layer_metrics() {
  using L = ReplayedLayer;
  static const std::vector<Metric<L>> table{
      {"layer", "", "Its name.", "given", field<&L::name>()},
      {"load_us", "us", "Input from DDR, the busiest channel.", "simulated", field<&L::load_us>()},
      {"loadw_us", "us", "Weights from DDR, the busiest channel.", "simulated", field<&L::loadw_us>()},
      {"write_us", "us", "Output to DDR, the busiest channel.", "simulated", field<&L::write_us>()},
      {"end_us", "us", "When the layer is complete.", "simulated", field<&L::end_us>()},
      {"passes", "", "One entry per pass over the cores (see layers[].passes[].*).", "simulated", {}},
  };
  return table;
}

const std::vector<Metric<PassTimes>>& pass_metrics() {
  using P = PassTimes;
  static const std::vector<Metric<P>> table{
      {"loadfm_us", "us", "Feature maps to the cores.", "simulated", field<&P::loadfm_us>()},
      {"loadwm_us", "us", "Weights to the cores.", "simulated", field<&P::loadwm_us>()},
      {"comp_us", "us", "The cores.", "simulated", field<&P::comp_us>()},
      {"writefm_us", "us", "Results to the memory tiles.", "simulated", field<&P::writefm_us>()},
      {"added",
       "",
       "A correct execution needs it, the trace lacks it; absent elsewhere.",
       "given",
       {Kind::other, [](const P& p) { return p.added ? Value(true) : Value(); }, {}}},
  };
  return table;
}

std::string json_text(const ReplayResult& result) {
  nlohmann::json object;
  write_metrics(result, replay_metrics(), object);
  object["layers"] = nlohmann::json::array();
  for (const ReplayedLayer& layer : result.layers) {
    nlohmann::json& at = object["layers"].emplace_back();
    write_metrics(layer, replayed_layer_metrics(), at);
    at["passes"] = nlohmann::json::array();
    for (const PassTimes& pass : layer.passes) write_metrics(pass, pass_metrics(), at["passes"].emplace_back());
  }
  return object.dump(1) + "\n";
}

}  // namespace tessera::result
