#include "sim/run/kernel_footing.h"

#include <map>

#include "sim/run/executions.h"

namespace tessera::run {
namespace {
using nlohmann::json;

// Time by what is extrapolated, in words.
using Extrapolations = std::map<std::string, double>;

std::string longest(const Extrapolations& times) {
  std::string most;
  double time = -1;
  for (const auto& [text, t] : times) {
    if (t <= time) continue;
    time = t;
    most = text;
  }
  return most;
}
}  // namespace

void add_kernel_footing(json& result, const program::Program& program, const cost::KernelLaw& law,
                        const std::vector<Millicycles>& durations) {
  double by_footing[3] = {};
  Extrapolations all;
  std::map<std::string, Extrapolations> by_layer;
  for (const program::EngineProgram& engine : program.engines) {
    if (engine.core.empty()) continue;
    const std::vector<std::int64_t> times = executions(engine);
    for (std::size_t i = 0; i < engine.core.size(); ++i) {
      if (engine.core[i].op != program::CoreOp::kernel) continue;
      const program::KernelCall& call = program.calls[engine.core[i].call];
      const network::Layer& layer = program.layers[call.layer].layer;
      const cost::Grounds grounds = law.grounds(call, layer);
      const double time = static_cast<double>(durations[engine.core[i].call]) * static_cast<double>(times[i]);
      by_footing[static_cast<int>(grounds.footing)] += time;
      if (grounds.footing != cost::Footing::extrapolated) continue;
      const std::string text = grounds.shape + "; measured at " + grounds.fitted_to;
      all[text] += time;
      by_layer[layer.name][text] += time;
    }
  }
  const double sum = by_footing[0] + by_footing[1] + by_footing[2];
  json& shares = result["kernel_footing"] = json::object();
  for (const cost::Footing f : {cost::Footing::fitted, cost::Footing::extrapolated, cost::Footing::assumed}) {
    const double time = by_footing[static_cast<int>(f)];
    shares[footing_name(f)] = sum > 0 ? time / sum : 0.0;
  }
  if (all.empty()) return;
  result["extrapolated"] = longest(all);
  for (json& layer : result["layers"])
    if (const auto found = by_layer.find(layer["name"]); found != by_layer.end())
      layer["extrapolated"] = longest(found->second);
}

}  // namespace tessera::run
