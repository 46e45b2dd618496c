#include "sim/run/simulated_trials.h"

#include <cstring>

#include "sim/control/lower.h"
#include "sim/exec/backend.h"
#include "sim/lower/lower.h"
#include "sim/lower/needs.h"
#include "sim/run/isolate.h"

namespace tessera::run {

std::optional<std::vector<double>> SimulatedTrials::layer_ends(
    const network::Network& network, const std::vector<std::optional<sparsity::BlockMask>>& masks,
    const mapping::Mapping& mapping) const {
  Expected<program::Program> program = lower::lower(network, masks, array_, mapping);
  if (!program || !lower::too_long_transfers(*program, array_).empty()) return std::nullopt;
  const std::vector<Millicycles> durations = kernel_durations(*program, latency_model_);
  program = control::lower(std::move(*program), array_, durations);
  if (!program) return std::nullopt;
  const auto simulate_ends = [&]() -> Expected<std::string> {
    exec::SimOptions options;
    options.fidelity = exec::Fidelity::transaction;
    const Expected<exec::SimResult> sim = simulate(*program, array_, durations, options);
    if (!sim) return sim.failure();
    std::string bytes;
    for (const exec::LayerTimes& layer : sim->layers)
      bytes.append(reinterpret_cast<const char*>(&layer.end), sizeof layer.end);
    return bytes;
  };
  const Expected<std::string> bytes = IsolatedTask(simulate_ends).wait();
  if (!bytes) return std::nullopt;
  std::vector<double> ends(bytes->size() / sizeof(Millicycles));
  for (std::size_t k = 0; k < ends.size(); ++k) {
    Millicycles end = 0;
    std::memcpy(&end, bytes->data() + k * sizeof end, sizeof end);
    ends[k] = static_cast<double>(end) / millicycles_per_cycle;
  }
  return ends;
}

}  // namespace tessera::run
