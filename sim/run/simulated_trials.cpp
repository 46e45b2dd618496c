#include "sim/run/simulated_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim/control/lower.h"
#include "sim/exec/backend.h"
#include "sim/lower/lower.h"
#include "sim/lower/needs.h"
#include "sim/mapping/text.h"
#include "sim/run/control_cost.h"
#include "sim/run/isolate.h"
#include "sim/run/program_memory.h"
#include "sim/run/routing.h"

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
  it->second = std::move(trial.times);
  if (!it->second || &masks != &masks_) return it->second;
  const double cycles = *std::max_element(it->second->ends.begin(), it->second->ends.end());
  if (!fastest_.program || cycles < fastest_.cycles) fastest_ = {it->first, cycles, std::move(trial.program)};
  return it->second;
}

std::optional<schedule::LayerTimes> SimulatedTrials::run_times(const network::Network& network, const Masks& masks,
                                                               const mapping::Mapping& mapping) const {
  if (array_.controller.mechanism == arch::ControlMechanism::none) return layer_times(network, masks, mapping);
  return carry_out(network, masks, mapping, true).times;
}

std::optional<mapping::Mapping> SimulatedTrials::dense_mapping() const {
  const std::optional<std::string> text = dense_ == nullptr ? std::nullopt : dense_->wait();
  if (!text) return std::nullopt;
  Expected<mapping::ReadMapping> read = mapping::parse_mapping(*text, network_, "");
  if (!read) return std::nullopt;
  return std::move(read->mapping);
}

std::optional<program::Program> SimulatedTrials::take_program(const mapping::Mapping& mapping) {
  if (array_.controller.mechanism != arch::ControlMechanism::none) return std::nullopt;
  if (!fastest_.program || fastest_.text != text_of(network_, masks_, mapping)) return std::nullopt;
  return std::exchange(fastest_.program, std::nullopt);
}

SimulatedTrials::Trial SimulatedTrials::carry_out(const network::Network& network, const Masks& masks,
                                                  const mapping::Mapping& mapping, bool switched) const {
  Expected<program::Program> program = lower::lower(network, masks, array_, mapping);
  if (!program || !lower::too_long_transfers(*program, array_).empty()) return {};
  if (&network == &network_) program = place_code(std::move(*program), array_, latency_model_);
  if (!program) return {};
  const std::vector<Millicycles> durations = kernel_durations(*program, latency_model_);
  program = switched ? with_controllers(std::move(*program), array_, durations)
                     : control::lower(std::move(*program), array_, durations);
  if (!program) return {};
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
  Trial trial{std::move(*program), std::nullopt};
  if (!bytes) return trial;
  std::vector<double>& ends = trial.times.emplace().ends;
  ends.resize(bytes->size() / sizeof(Millicycles));
  for (std::size_t k = 0; k < ends.size(); ++k) {
    Millicycles end = 0;
    std::memcpy(&end, bytes->data() + k * sizeof end, sizeof end);
    ends[k] = static_cast<double>(end) / millicycles_per_cycle;
  }
  trial.times->control = control_cycles(*trial.program, array_);
  return trial;
}

}  // namespace tessera::run
