#include "sim/run/simulated_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

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

// A result without data, on its way from one process of this program to another.
template <class T>
void put(std::string& bytes, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
void put(std::string& bytes, const std::vector<T>& values) {
  put(bytes, values.size());
  static_assert(std::is_trivially_copyable_v<T>);
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}
template <class T>
void take(const char*& at, T& value) {
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
}
template <class T>
void take(const char*& at, std::vector<T>& values) {
  std::size_t size = 0;
  take(at, size);
  values.resize(size);
  std::memcpy(values.data(), at, size * sizeof(T));
  at += size * sizeof(T);
}
template <class Result, class Visit>
void each_part(Result& result, const Visit& visit) {
  visit(result.total);
  visit(result.layers);
  visit(result.engines);
  visit(result.traffic);
  visit(result.events);
}
std::string bytes_of(const exec::SimResult& result) {
  std::string bytes;
  each_part(result, [&](const auto& part) { put(bytes, part); });
  return bytes;
}
exec::SimResult result_of(const std::string& bytes) {
  exec::SimResult result;
  const char* at = bytes.data();
  each_part(result, [&](auto& part) { take(at, part); });
  return result;
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
    return bytes_of(*sim);
  };
  const Expected<std::string> bytes = IsolatedTask(simulated).wait();
  if (!bytes) return {};
  Trial trial{Made{std::move(*program), result_of(*bytes)}, schedule::LayerTimes{}};
  for (const exec::LayerTimes& layer : trial.made->result.layers)
    trial.times->ends.push_back(static_cast<double>(layer.end) / millicycles_per_cycle);
  trial.times->control = control_cycles(trial.made->program, array_);
  return trial;
}

}  // namespace tessera::run
