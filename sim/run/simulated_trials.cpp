#include "sim/run/simulated_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/bytes.h"
#include "sim/control/lower.h"
#include "sim/cost/bound.h"
#include "sim/exec/backend.h"
#include "sim/lower/lower.h"
#include "sim/lower/needs.h"
#include "sim/mapping/text.h"
#include "sim/run/control_cost.h"
#include "sim/run/isolate.h"
#include "sim/run/program_memory.h"
#include "sim/run/routing.h"

namespace tessera::exec {

// A result without data, on its way from one process to another.
template <class Archive>
void parts(Archive& archive, SimResult& result) {
  archive(result.total);
  archive(result.layers);
  archive(result.engines);
  archive(result.traffic);
  archive(result.events);
}

}  // namespace tessera::exec

namespace tessera::run {
namespace {

// What tells trials of one network apart: its mapping, and the bits of the masks.
std::string text_of(const network::Network& network, const SimulatedTrials::Masks& masks,
                    const mapping::Mapping& mapping) {
  std::string text = mapping::write_mapping(mapping, network);
  for (const auto& mask : masks) {
    text += mask ? fmt::format("{}x{} ", mask->bc, mask->bi) : "-";
    if (mask) text.append(mask->bits.begin(), mask->bits.end());
  }
  return text;
}

}  // namespace

std::optional<schedule::LayerTimes> SimulatedTrials::layer_times(const network::Network& network, const Masks& masks,
                                                                 const mapping::Mapping& mapping) const {
  if (&network != &network_) return carry_out(network, masks, mapping).times;
  const auto [it, added] = known_.try_emplace(text_of(network, masks, mapping));
  if (!added) return it->second;
  Trial trial = carry_out(network, masks, mapping);
  if (!controlled() && &masks == &masks_) note(it->first, trial);
  it->second = std::move(trial.times);
  return it->second;
}

void SimulatedTrials::note(std::string text, Trial& trial) const {
  if (!trial.times) return;
  const double cycles = schedule::whole(*trial.times);
  if (!fastest_.made || cycles < fastest_.cycles) fastest_ = {std::move(text), cycles, std::move(trial.made)};
}

std::optional<schedule::LayerTimes> SimulatedTrials::run_times(const network::Network& network, const Masks& masks,
                                                               const mapping::Mapping& mapping) const {
  if (!controlled()) return layer_times(network, masks, mapping);
  if (&network != &network_) return carry_out(network, masks, mapping, true).times;
  const auto [it, added] = known_runs_.try_emplace(text_of(network, masks, mapping));
  if (!added) return it->second;
  Trial trial = carry_out(network, masks, mapping, true);
  if (&masks == &masks_) note(it->first, trial);
  it->second = std::move(trial.times);
  return it->second;
}

std::optional<mapping::Mapping> SimulatedTrials::dense_mapping() const {
  const std::optional<std::string> text = dense_ == nullptr ? std::nullopt : dense_->wait();
  if (!text) return std::nullopt;
  DenseMapping decided = heard(*text);
  Expected<mapping::ReadMapping> read = mapping::parse_mapping(decided.mapping, network_, "");
  if (!read) return std::nullopt;
  dense_ends_ = std::move(decided.ends);
  return std::move(read->mapping);
}

std::optional<schedule::LayerTimes> SimulatedTrials::dense_times() const {
  if (dense_ends_.empty()) return std::nullopt;
  schedule::LayerTimes times;
  for (const Millicycles end : dense_ends_) times.ends.push_back(static_cast<double>(end) / millicycles_per_cycle);
  return times;
}

double SimulatedTrials::least_cycles(const network::Network& network, const Masks& masks) const {
  const cost::Bounds bounds = cost::analytic_bounds(network, masks, array_, latency_model_);
  return bounds.bound_us() * array_.clock_hz / 1e6;
}

std::optional<SimulatedTrials::Made> SimulatedTrials::take(const mapping::Mapping& mapping) {
  if (!fastest_.made || fastest_.text != text_of(network_, masks_, mapping)) return std::nullopt;
  return std::exchange(fastest_.made, std::nullopt);
}

SimulatedTrials::Trial SimulatedTrials::carry_out(const network::Network& network, const Masks& masks,
                                                  const mapping::Mapping& mapping, bool switched) const {
  Expected<program::Program> program = lower::lower(network, masks, array_, mapping);
  if (!program || !lower::too_long_transfers(*program, array_).empty()) return {};
  if (&network == &network_) program = place_code(std::move(*program), array_, latency_model_);
  if (!program) return {};
  const std::vector<Millicycles> durations = kernel_durations(*program, latency_model_);
  program = switched ? with_controllers(std::move(*program), array_, durations, plans_)
                     : control::lower(std::move(*program), array_, durations);
  if (!program) return {};
  const auto simulated = [&]() -> Expected<std::string> {
    exec::SimOptions options;
    options.fidelity = exec::Fidelity::transaction;
    const Expected<exec::SimResult> sim = simulate(*program, array_, durations, options);
    if (!sim) return sim.failure();
    BytesOut bytes;
    bytes(*sim);
    return bytes.take();
  };
  const Expected<std::string> bytes = IsolatedTask(simulated).wait();
  if (!bytes) return {};
  Trial trial{Made{std::move(*program), {}}, schedule::LayerTimes{}};
  BytesIn in(*bytes);
  in(trial.made->result);
  for (const exec::LayerTimes& layer : trial.made->result.layers)
    trial.times->ends.push_back(static_cast<double>(layer.end) / millicycles_per_cycle);
  trial.times->control = control_cycles(trial.made->program, array_);
  return trial;
}

}  // namespace tessera::run
