#include "sim/cli/sparsity_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace tessera::cli {
namespace {
using result::LayerZeros;
using result::SparsityResult;
using Layers = std::vector<const LayerZeros*>;

std::string percent(double share) { return fmt::format("{:.4g} %", share * 100); }
double difference(const LayerZeros& layer) { return std::abs(layer.zero_share - layer.requested_share); }
bool because(const LayerZeros& layer, const char* reason) { return layer.why.find(reason) != std::string::npos; }

Layers select(const SparsityResult& sparsity, const std::function<bool(const LayerZeros&)>& wanted) {
  Layers layers;
  for (const LayerZeros& layer : sparsity.by_layer)
    if (wanted(layer)) layers.push_back(&layer);
  return layers;
}

// The first three in full.
std::string listed(const Layers& layers, const std::function<std::string(const LayerZeros&)>& show) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, layers.size()); ++i) text += (i == 0 ? "" : ", ") + show(*layers[i]);
  return layers.size() <= most ? text : fmt::format("{} and {} more", text, layers.size() - most);
}
std::string name(const LayerZeros& layer) { return layer.name; }
std::string with_share(const LayerZeros& layer) { return layer.name + " " + percent(layer.zero_share); }
std::string with_both(const LayerZeros& layer) {
  return fmt::format("{} {} instead of {}", layer.name, percent(layer.zero_share), percent(layer.requested_share));
}

std::string line(const Layers& layers, const std::string& text,
                 const std::function<std::string(const LayerZeros&)>& show) {
  return layers.empty() ? "" : fmt::format("  {}: {}\n", text, listed(layers, show));
}

std::string headline(const SparsityResult& sparsity) {
  const std::string what = sparsity.zero_blocks == 0
                               ? "no block is zero"
                               : fmt::format("{} of all {}x{} blocks are zero", percent(sparsity.zero_share),
                                             sparsity.block[0], sparsity.block[1]);
  if (sparsity.mask_file)
    return fmt::format(
        "sparse: {}{} (masks of {} for {} of {} layers)\n", what,
        sparsity.requested_share == sparsity.zero_share ? "" : ", " + percent(sparsity.requested_share) + " requested",
        *sparsity.mask_file, sparsity.masked_layers, sparsity.by_layer.size());
  if (sparsity.importance)
    return fmt::format("sparse: {}, the least important by {} ({})\n", what, *sparsity.importance,
                       sparsity.scope == "n_m"
                           ? fmt::format("{} of {} blocks stay", sparsity.n_m->at(0), sparsity.n_m->at(1))
                       : sparsity.scope == "global" ? "all layers together"
                                                    : "each layer by itself");
  const std::vector<std::string>& marks = sparsity.marks;
  const bool denied = std::find(marks.begin(), marks.end(), "nothing_zero") != marks.end();
  return fmt::format("sparse: {}{}{}{} requested ({}, seed {})\n", what, denied ? " although " : ", ",
                     percent(sparsity.ratio.value_or(0)), denied ? " is" : "", sparsity.pattern.value_or(""),
                     sparsity.seed.value_or(0));
}

// What rounding to whole blocks made of the layers, if it can be seen.
std::string rounding(const SparsityResult& sparsity) {
  const Layers layers =
      select(sparsity, [](const LayerZeros& l) { return because(l, "rounding") && difference(l) >= 5e-4; });
  if (layers.empty()) return "";
  const auto nearer = [](const LayerZeros* a, const LayerZeros* b) { return difference(*a) < difference(*b); };
  const LayerZeros& worst = **std::max_element(layers.begin(), layers.end(), nearer);
  return fmt::format("  rounded to whole blocks: {} layer{}, most of all {}\n", layers.size(),
                     layers.size() == 1 ? "" : "s", with_both(worst));
}

std::string emptied(const SparsityResult& sparsity) {
  const Layers layers = select(sparsity, [](const LayerZeros& layer) { return layer.empty_rows > 0; });
  std::int64_t rows = 0;
  for (const LayerZeros* layer : layers) rows += layer->rows;
  return line(
      layers,
      fmt::format("output channels without a weight, which are their bias alone: {} of {} rows of blocks of {} layer{}",
                  sparsity.empty_rows, rows, layers.size(), layers.size() == 1 ? "" : "s"),
      [](const LayerZeros& l) { return fmt::format("{} {} of {}", l.name, l.empty_rows, l.rows); });
}
}  // namespace

std::string sparsity_report(const SparsityResult& sparsity) {
  const auto group = [&](const char* reason) {
    return select(sparsity, [reason](const LayerZeros& layer) { return because(layer, reason); });
  };
  std::string text = headline(sparsity);
  text += line(group("first_dense"), "dense, as the first convolution (sparsity.first_dense=false lets it be sparse)",
               name);
  text += line(group("exclude"), "dense, by sparsity.exclude", name);
  text += line(group("grouped"), "dense, as grouped convolutions have no masks", name);
  text += line(group("not in mask_file"), "dense, not in the mask file", name);
  text += line(group("layers.ratio"), "a ratio of their own, by sparsity.layers", with_share);
  text += line(group("one block kept"), "one block kept, no ratio empties a layer", with_both);
  text += rounding(sparsity);
  text += emptied(sparsity);
  if (std::min(sparsity.block[0], sparsity.block[1]) < 8 && sparsity.zero_blocks > 0)
    text += fmt::format("  kernels leave out whole 8x8 blocks only: {} of them\n", percent(sparsity.kernel_zero_share));
  return text;
}

}  // namespace tessera::cli
