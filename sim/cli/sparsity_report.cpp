#include "sim/cli/sparsity_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace tessera::cli {
namespace {
using nlohmann::json;
using Layers = std::vector<const json*>;

std::string percent(double share) { return fmt::format("{:.4g} %", share * 100); }
double measured(const json& layer) { return layer["zero_share"].get<double>(); }
double requested(const json& layer) { return layer["requested_share"].get<double>(); }
double difference(const json& layer) { return std::abs(measured(layer) - requested(layer)); }
bool because(const json& layer, const char* reason) {
  return layer["why"].get<std::string>().find(reason) != std::string::npos;
}

Layers select(const json& sparsity, const std::function<bool(const json&)>& wanted) {
  Layers layers;
  for (const json& layer : sparsity["by_layer"])
    if (wanted(layer)) layers.push_back(&layer);
  return layers;
}

// The first three in full.
std::string listed(const Layers& layers, const std::function<std::string(const json&)>& show) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, layers.size()); ++i) text += (i == 0 ? "" : ", ") + show(*layers[i]);
  return layers.size() <= most ? text : fmt::format("{} and {} more", text, layers.size() - most);
}
std::string name(const json& layer) { return layer["name"].get<std::string>(); }
std::string with_share(const json& layer) { return name(layer) + " " + percent(measured(layer)); }
std::string with_both(const json& layer) {
  return fmt::format("{} {} instead of {}", name(layer), percent(measured(layer)), percent(requested(layer)));
}

std::string line(const Layers& layers, const std::string& text, const std::function<std::string(const json&)>& show) {
  return layers.empty() ? "" : fmt::format("  {}: {}\n", text, listed(layers, show));
}

std::string headline(const json& sparsity) {
  const double share = sparsity["zero_share"].get<double>();
  const bool nothing = sparsity["zero_blocks"] == 0;
  const std::string what = nothing ? "no block is zero"
                                   : fmt::format("{} of all {}x{} blocks are zero", percent(share),
                                                 sparsity["block"][0].get<int>(), sparsity["block"][1].get<int>());
  if (sparsity.contains("mask_file"))
    return fmt::format("sparse: {} (masks of {} for {} of {} layers)\n", what, sparsity["mask_file"].get<std::string>(),
                       sparsity["masked_layers"].get<int>(), sparsity["by_layer"].size());
  if (sparsity.contains("importance"))
    return fmt::format("sparse: {}, the least important by {} ({})\n", what, sparsity["importance"].get<std::string>(),
                       sparsity["scope"] == "n_m" ? fmt::format("{} of {} blocks stay", sparsity["n_m"][0].get<int>(),
                                                                sparsity["n_m"][1].get<int>())
                       : sparsity["scope"] == "global" ? "all layers together"
                                                       : "each layer by itself");
  const json& marks = sparsity["marks"];
  const bool denied = std::find(marks.begin(), marks.end(), "nothing_zero") != marks.end();
  return fmt::format("sparse: {}{}{}{} requested ({}, seed {})\n", what, denied ? " although " : ", ",
                     percent(sparsity["ratio"].get<double>()), denied ? " is" : "",
                     sparsity["pattern"].get<std::string>(), sparsity["seed"].get<std::uint64_t>());
}

// What rounding to whole blocks made of the layers, if it can be seen.
std::string rounding(const json& sparsity) {
  const Layers layers = select(sparsity, [](const json& l) { return because(l, "rounding") && difference(l) >= 5e-4; });
  if (layers.empty()) return "";
  const auto nearer = [](const json* a, const json* b) { return difference(*a) < difference(*b); };
  const json& worst = **std::max_element(layers.begin(), layers.end(), nearer);
  return fmt::format("  rounded to whole blocks: {} layer{}, most of all {}\n", layers.size(),
                     layers.size() == 1 ? "" : "s", with_both(worst));
}

std::string emptied(const json& sparsity) {
  const Layers layers = select(sparsity, [](const json& layer) { return layer["empty_rows"] > 0; });
  std::int64_t rows = 0;
  for (const json* layer : layers) rows += (*layer)["rows"].get<std::int64_t>();
  return line(
      layers,
      fmt::format("output channels without a weight, which are their bias alone: {} of {} rows of blocks of {} layer{}",
                  sparsity["empty_rows"].get<std::int64_t>(), rows, layers.size(), layers.size() == 1 ? "" : "s"),
      [](const json& l) {
        return fmt::format("{} {} of {}", name(l), l["empty_rows"].get<int>(), l["rows"].get<int>());
      });
}
}  // namespace

std::string sparsity_report(const json& sparsity) {
  const auto group = [&](const char* reason) {
    return select(sparsity, [reason](const json& layer) { return because(layer, reason); });
  };
  std::string text = headline(sparsity);
  text += line(group("first_dense"), "dense, as the first convolution (sparsity.first_dense=false lets it be sparse)",
               name);
  text += line(group("exclude"), "dense, by sparsity.exclude", name);
  text += line(group("not in mask_file"), "dense, not in the mask file", name);
  text += line(group("layers.ratio"), "a ratio of their own, by sparsity.layers", with_share);
  text += line(group("one block kept"), "one block kept, no ratio empties a layer", with_both);
  text += rounding(sparsity);
  text += emptied(sparsity);
  const std::vector<int> block = sparsity["block"];
  if (std::min(block[0], block[1]) < 8 && sparsity["zero_blocks"] > 0)
    text += fmt::format("  kernels leave out whole 8x8 blocks only: {} of them\n",
                        percent(sparsity["kernel_zero_share"].get<double>()));
  return text;
}

}  // namespace tessera::cli
