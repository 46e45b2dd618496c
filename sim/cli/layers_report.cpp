#include <fmt/format.h>

#include <cmath>
#include <map>

#include "sim/cli/run_report.h"

namespace tessera::cli {
namespace {
using nlohmann::json;

// Layers overlap, so their spans do not add up; the time that cores were at each of them does.
double time_us(const json& part, const json& hardware) {
  double cycles = 0;
  for (const auto& [cause, time] : part["time"].items()) cycles += time.get<double>();
  const double cores = hardware["rows"].get<double>() * hardware["cols"].get<double>();
  return cycles / cores / hardware["clock_hz"].get<double>() * 1e6;
}

// The cause that takes most of the cores' time besides work, "-" when nothing is lost.
std::string lost_to(const json& layer, double* busy) {
  std::string most = "-";
  double longest = 0, all = 0;
  for (const auto& [cause, time] : layer["time"].items()) {
    const double cycles = time.get<double>();
    all += cycles;
    if (cause == "busy" || cycles <= longest) continue;
    longest = cycles;
    most = cause;
  }
  *busy = all > 0 ? layer["time"]["busy"].get<double>() / all * 100 : 0;
  return longest > 0 ? fmt::format("{} {:.0f} %", most, longest / all * 100) : most;
}

// Time, bound of the layer alone, what binds it, share of work, largest loss.
std::string half(const json* layer, const json& hardware) {
  if (layer == nullptr) return fmt::format("{:>9}{:>9}  {:<8}{:>5}  {:<18}", "-", "-", "-", "-", "-");
  double busy = 0;
  const std::string lost = lost_to(*layer, &busy);
  const bool bound = layer->contains("alone_bound_us");
  return fmt::format("{:>9.2f}{:>9}  {:<8}{:>5.0f}  {:<18}", time_us(*layer, hardware),
                     bound ? fmt::format("{:.2f}", (*layer)["alone_bound_us"].get<double>()) : "-",
                     layer->value("alone_bound_by", "-"), busy, lost);
}

// What is left of the latency: cores that were at no layer.
std::string idle(const json& density, const json& hardware) {
  if (density.is_null()) return fmt::format("{:>9}{:44}", "-", "");
  double us = time_us(density, hardware);
  for (const json& layer : density["layers"]) us -= time_us(layer, hardware);
  return fmt::format("{:>9.2f}{:44}", std::abs(us) < 0.005 ? 0 : us, "");  // no "-0.00" by rounding
}

// Share of zero blocks in %.
std::string zero(const json& layer) {
  return layer.contains("zero_share") ? fmt::format("{:.1f}", layer["zero_share"].get<double>() * 100) : "-";
}

// By how many percent the fullest row of the array has more than the average.
std::string loss(const json& layer, const char* key) {
  return layer.contains(key) ? fmt::format("{:.1f}", (layer[key].get<double>() - 1) * 100) : "-";
}
}  // namespace

std::string layers_report(const json& result) {
  std::map<std::string, const json*> sparse;
  if (!result["sparse"].is_null())
    for (const json& layer : result["sparse"]["layers"]) sparse[layer["name"].get<std::string>()] = &layer;
  const bool dense = !result["dense"].is_null();
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
  const json& hardware = result["hardware"];
  for (const json& layer : (dense ? result["dense"] : result["sparse"])["layers"]) {
    const std::string name = layer["name"].get<std::string>();
    const double time = time_us(layer, hardware);
    if (is_fused(layer) && time == 0) {
      text += fmt::format("{:<24}  {}\n", name, layer["mapping"].get<std::string>());
      continue;
    }
    const auto found = sparse.find(name);
    const json* other = found == sparse.end() ? nullptr : found->second;
    const double other_time = other == nullptr ? 0 : time_us(*other, hardware);
    const json& masked = other == nullptr ? layer : *other;
    text += fmt::format("{:<24}{}{}{:>8}{:>7}{:>9}{:>7}\n", name, half(dense ? &layer : nullptr, hardware),
                        half(other, hardware), dense && other_time > 0 ? fmt::format("{:.2f}", time / other_time) : "-",
                        zero(masked), loss(masked, "imbalance_unassigned"), loss(masked, "imbalance"));
  }
  return text +
         fmt::format("{:<24}{}{}\n", "at no layer", idle(result["dense"], hardware), idle(result["sparse"], hardware));
}

}  // namespace tessera::cli
