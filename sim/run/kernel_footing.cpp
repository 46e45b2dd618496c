#include "sim/run/kernel_footing.h"

#include <map>

#include "sim/program/executions.h"

namespace tessera::run {
namespace {
// Time by what is extrapolated, in words.
using Extrapolations = std::map<std::string, double>;

std::string longest(const Extrapolations& times) {
  std::string shape;
  double time = -1;
  for (const auto& [text, t] : times) {
    if (t <= time) continue;
    time = t;
    shape = text;
  }
  return shape;
}
}  // namespace

void add_kernel_footing(result::DensityResult& density, const program::Program& program,
                        const cost::LatencyModel& latency_model, const std::vector<Millicycles>& durations) {
  double by_footing[3] = {};
  Extrapolations all;
  std::map<std::string, Extrapolations> by_layer;
  for (const program::EngineProgram& engine : program.engines) {
    if (engine.core.empty()) continue;
    const std::vector<std::int64_t> times = program::executions(engine);
    for (std::size_t i = 0; i < engine.core.size(); ++i) {
      if (engine.core[i].op != program::CoreOp::kernel) continue;
      const program::KernelCall& call = program.calls[engine.core[i].call];
      const network::Layer& layer = program.layers[call.layer].layer;
      const cost::Grounds grounds = latency_model.grounds(call, layer);
      const double time = static_cast<double>(durations[engine.core[i].call]) * static_cast<double>(times[i]);
      by_footing[static_cast<int>(grounds.footing)] += time;
      if (grounds.footing != cost::Footing::extrapolated) continue;
      const std::string text = grounds.shape + "; measured at " + grounds.fitted_to;
      all[text] += time;
      by_layer[layer.name][text] += time;
    }
  }
  const double sum = by_footing[0] + by_footing[1] + by_footing[2];
  const auto share = [&](cost::Footing f) { return sum > 0 ? by_footing[static_cast<int>(f)] / sum : 0.0; };
  density.footing = result::KernelFooting{share(cost::Footing::fitted), share(cost::Footing::extrapolated),
                                          share(cost::Footing::assumed)};
  if (all.empty()) return;
  density.extrapolated = longest(all);
  for (result::LayerResult& layer : density.layers)
    if (const auto found = by_layer.find(layer.name); found != by_layer.end())
      layer.extrapolated = longest(found->second);
}

}  // namespace tessera::run
