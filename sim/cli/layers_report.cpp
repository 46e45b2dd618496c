#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numeric>

#include "sim/cli/run_report.h"

namespace tessera::cli {
namespace {
using result::DensityResult;
using result::HardwareResult;
using result::LayerResult;

// Layers overlap, so their spans do not add up; the time that cores were at each of them does.
template <class Part>
double time_us(const Part& part, const HardwareResult& hardware) {
  const double cycles = static_cast<double>(std::accumulate(part.time.begin(), part.time.end(), Millicycles{0})) / 1000;
  return cycles / hardware.cores() / hardware.clock_hz * 1e6;
}

// The cause that takes most of the cores' time besides work, "-" when nothing is lost.
std::string lost_to(const LayerResult& layer, double* busy) {
  std::string most = "-";
  double longest = 0, all = 0;
  for (const exec::Cause cause : exec::causes_by_name()) {
    const auto time = static_cast<double>(layer.time[static_cast<std::size_t>(cause)]);
    all += time;
    if (cause == exec::Cause::busy || time <= longest) continue;
    longest = time;
    most = cause_name(cause);
  }
  *busy = all > 0 ? static_cast<double>(layer.time[static_cast<std::size_t>(exec::Cause::busy)]) / all * 100 : 0;
  return longest > 0 ? fmt::format("{} {:.0f} %", most, longest / all * 100) : most;
}

// Time, bound of the layer alone, what binds it, share of work, largest loss.
std::string half(const LayerResult* layer, const HardwareResult& hardware) {
  if (layer == nullptr) return fmt::format("{:>9}{:>9}  {:<8}{:>5}  {:<18}", "-", "-", "-", "-", "-");
  double busy = 0;
  const std::string lost = lost_to(*layer, &busy);
  return fmt::format("{:>9.2f}{:>9}  {:<8}{:>5.0f}  {:<18}", time_us(*layer, hardware),
                     layer->bounds ? fmt::format("{:.2f}", layer->bounds->alone_us) : "-",
                     layer->bounds ? layer->bounds->alone_by : "-", busy, lost);
}

// What is left of the latency: cores that were at no layer.
std::string idle(const std::optional<DensityResult>& density, const HardwareResult& hardware) {
  if (!density) return fmt::format("{:>9}{:44}", "-", "");
  double us = time_us(*density, hardware);
  for (const LayerResult& layer : density->layers) us -= time_us(layer, hardware);
  return fmt::format("{:>9.2f}{:44}", std::abs(us) < 0.005 ? 0 : us, "");  // no "-0.00" by rounding
}

// Share of zero blocks in %.
std::string zero(const LayerResult& layer) {
  return layer.zero_share ? fmt::format("{:.1f}", *layer.zero_share * 100) : "-";
}

// By how many percent the fullest row of the array has more than the average.
std::string loss(const std::optional<double>& imbalance) {
  return imbalance ? fmt::format("{:.1f}", (*imbalance - 1) * 100) : "-";
}
}  // namespace

std::string layers_report(const result::RunResult& run) {
  std::map<std::string, const LayerResult*> sparse;
  if (run.sparse)
    for (const LayerResult& layer : run.sparse->layers) sparse[layer.name] = &layer;
  const bool dense = run.dense.has_value();
  std::string text = fmt::format(
      "\nlayers: time is what the cores were at a layer, in us, and adds up to the latency with what they were at "
      "none;\n"
      "alone: the least it takes when nothing is fetched ahead and no other layer runs, and what binds it then;\n"
      "busy and most lost in % of it; zero: % of the blocks of the weights, counted;\n"
      "imbalance: % that the fullest row of the array has more than the average if rows split the output channels,\n"
      "before and after channels are assigned\n"
      "{:<24}{:<53}{:<53}{:>15}{:>16}\n{:<24}{:>9}{:>9}  {:<8}{:>5}  {:<18}{:>9}{:>9}  {:<8}{:>5}  "
      "{:<18}{:>8}{:>7}{:>9}{:>7}\n",
      "", "     dense", "     sparse", "", "imbalance", "layer", "time", "alone", "by", "busy", "most lost to", "time",
      "alone", "by", "busy", "most lost to", "speed-up", "zero", "before", "after");
  const HardwareResult& hardware = run.hardware;
  for (const LayerResult& layer : (dense ? run.dense : run.sparse)->layers) {
    const double time = time_us(layer, hardware);
    if (layer.fused() && time == 0) {
      text += fmt::format("{:<24}  {}\n", layer.name, layer.mapping);
      continue;
    }
    const auto found = sparse.find(layer.name);
    const LayerResult* other = found == sparse.end() ? nullptr : found->second;
    const double other_time = other == nullptr ? 0 : time_us(*other, hardware);
    const LayerResult& masked = other == nullptr ? layer : *other;
    text += fmt::format("{:<24}{}{}{:>8}{:>7}{:>9}{:>7}\n", layer.name, half(dense ? &layer : nullptr, hardware),
                        half(other, hardware), dense && other_time > 0 ? fmt::format("{:.2f}", time / other_time) : "-",
                        zero(masked), loss(masked.imbalance_unassigned), loss(masked.imbalance));
  }
  return text + fmt::format("{:<24}{}{}\n", "at no layer", idle(run.dense, hardware), idle(run.sparse, hardware));
}

}  // namespace tessera::cli
