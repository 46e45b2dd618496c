#include "sim/schedule/object_fifo/object_fifo.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/schedule/object_fifo/bottleneck.h"
#include "sim/schedule/object_fifo/gemm.h"

namespace tessera::schedule::object_fifo {
namespace {

bool is_gemm(const network::Network& network) {
  if (network.layers.size() != 2) return false;
  const network::Layer& l = network.layers[1];
  return l.is_gemm && l.in.w == 1 && l.window == network::Window{};  // not fully connected over a map
}

}  // namespace

std::vector<Problem> problems(const network::Network& network,
                              const std::vector<std::optional<sparsity::BlockMask>>& masks, const cost::KernelLaw& law,
                              const ScheduleSpec& spec) {
  std::vector<Problem> found;
  const auto bottleneck = find_bottleneck(network);
  if (!is_gemm(network) && !bottleneck)
    return {{"", "schedule.policy", fmt::format("is \"object_fifo\", which {} has no form for", network.name),
             "legal: a network of one gemm with m, n and k, or a bottleneck (1x1, 3x3, 1x1, sum with the input); or "
             "schedule.policy=best"}};
  for (std::size_t i = 0; i < masks.size(); ++i)
    if (masks[i] && std::count(masks[i]->bits.begin(), masks[i]->bits.end(), 0) > 0)
      found.push_back(
          {"", "sparsity",
           fmt::format("layer {} has zero blocks, object_fifo moves and computes every block", network.layers[i].name),
           "legal: ratio 0, or schedule.policy=best"});
  const auto uncovered = [&](const network::Layer& layer, program::KernelKind kind, const std::string& what) {
    if (!law.covers(kind, layer))
      found.push_back({"", "hardware.kernels", fmt::format("has no kernel for layer {}: {}", layer.name, what),
                       "it covers " + law.coverage()});
  };
  if (bottleneck) {
    for (const auto& [name, forced] : spec.layers)
      found.push_back({"", "schedule.layers." + name,
                       "nothing of a bottleneck can be forced: its stages work whole rows", "legal: none"});
    for (const network::LayerId id : {bottleneck->reduce, bottleneck->spatial, bottleneck->expand})
      uncovered(network.layers[id], program::KernelKind::conv, "an int8 convolution");
    return found;
  }
  const network::Layer& gemm = network.layers[1];
  const auto forced = spec.layers.find(gemm.name);
  const std::string path = "schedule.layers." + gemm.name;
  if (forced == spec.layers.end() || !forced->second.tile)
    found.push_back({"", path + ".tile", "is missing, and object_fifo chooses none",
                     "legal: [rows of the product, 1, its columns, steps of k] of one kernel call"});
  else if ((*forced->second.tile)[1] != 1)
    found.push_back(
        {"", path + ".tile[1]", fmt::format("is {}", (*forced->second.tile)[1]), "legal: 1, a gemm is one pixel wide"});
  if (forced != spec.layers.end() && forced->second.cols &&
      (forced->second.cols != mapping::Axis::channels || forced->second.rows != mapping::Axis::height))
    found.push_back({"", path + ".cols", "another mapping than that of object_fifo",
                     "legal: cols channels with rows height, or neither"});
  uncovered(gemm, program::KernelKind::gemm,
            fmt::format("a product {} -> {}", type_name(gemm.in_type), type_name(gemm.out_type)));
  return found;
}

Expected<Schedule> schedule(const network::Network& network, const arch::ArraySpec& array, const cost::KernelLaw& law,
                            const ScheduleSpec& spec) {
  if (const auto bottleneck = find_bottleneck(network)) return schedule_bottleneck(network, *bottleneck, array, law);
  const network::Layer& gemm = network.layers[1];
  return schedule_gemm(network, gemm_design(gemm, spec.layers.at(gemm.name), array), array, law);
}

}  // namespace tessera::schedule::object_fifo
