// The policy "object_fifo": networks of one of two forms, a dense gemm or a bottleneck, laid out as the hand-written
// designs of mlir-aie are. Unlike the other policies it keeps no tensor in a memory tile and waits for no token:
// everything is a ring of buffers with locks, over which descriptors loop (ring.h). Its programs have no tensors
// (Program::tensors).
#include <fmt/format.h>

#include <algorithm>

#include "sim/designs/object_fifo/bottleneck.h"
#include "sim/designs/object_fifo/gemm.h"
#include "sim/schedule/registry.h"

namespace tessera::designs::object_fifo {
namespace {

bool is_gemm(const network::Network& network) {
  if (network.layers.size() != 2) return false;
  const network::Layer& l = network.layers[1];
  return l.is_gemm && l.in.w == 1 && l.window == network::Window{};  // not fully connected over a map
}

// Of what is forced for a gemm, null: nothing is.
void add_forced_problems(const std::string& path, const mapping::ForcedMapping* forced, std::vector<Problem>& found) {
  if (forced == nullptr || !forced->tile)
    found.push_back({"", path + ".tile", "is missing, and object_fifo chooses none",
                     "legal: [rows of the product, 1, its columns, steps of k] of one kernel call"});
  if (forced == nullptr) return;
  const mapping::ForcedMapping& f = *forced;
  if (f.tile && f.tile->w != 1)
    found.push_back({"", path + ".tile[1]", fmt::format("is {}", f.tile->w), "legal: 1, a gemm is one pixel wide"});
  if ((f.cols || f.rows) && (f.cols != mapping::Axis::channels || f.rows != mapping::Axis::height))
    found.push_back({"", path + ".cols", "another mapping than that of object_fifo",
                     "legal: cols channels with rows height, or neither"});
  const auto unknown = [&](const char* key, bool given) {
    if (given) found.push_back({"", path + "." + key, "is no choice of object_fifo", "legal: none"});
  };
  unknown("staging", f.chunks_staged.has_value());
  unknown("buffers.operand", f.buffers.operand.has_value());
  unknown("channels", f.channels.any());
  unknown("zeros", f.zeros_kept.has_value());
  const auto some = [&](const char* key, const std::optional<int>& count) {
    if (count && *count < 1)
      found.push_back({"", path + ".buffers." + key, fmt::format("is {}", *count), "legal: 1 to 63"});
  };
  some("input", f.buffers.input);
  some("weights", f.buffers.weights);
  some("output", f.buffers.output);
}

// What stands in the way before anything is tried: another form of network, zero blocks, a missing tile, kernels that
// the latency model does not have.
std::vector<Problem> problems(const schedule::Request& request) {
  const auto& [network, masks, latency_model, spec, trials] = request;
  std::vector<Problem> found;
  const auto bottleneck = find_bottleneck(network);
  const bool behind = network.layers.size() > 1 && (network.layers[1].lookup || network.layers[1].most != 127);
  if ((!is_gemm(network) || behind) && !bottleneck)
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
    if (!latency_model.covers(kind, layer))
      found.push_back({"", "hardware.kernels", fmt::format("has no kernel for layer {}: {}", layer.name, what),
                       "it covers " + latency_model.coverage()});
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
  add_forced_problems("schedule.layers." + gemm.name, forced == spec.layers.end() ? nullptr : &forced->second, found);
  uncovered(gemm, program::KernelKind::gemm,
            fmt::format("a product {} -> {}", type_name(gemm.in_type), type_name(gemm.out_type)));
  return found;
}

Expected<Schedule> decide(const schedule::Request& request, const arch::ArraySpec& array) {
  const auto& [network, masks, latency_model, spec, trials] = request;
  if (const auto bottleneck = find_bottleneck(network))
    return schedule_bottleneck(network, *bottleneck, array, latency_model);
  const network::Layer& gemm = network.layers[1];
  return schedule_gemm(network, gemm_design(gemm, spec.layers.at(gemm.name), array), array, latency_model);
}

const bool registered =
    schedule::register_policy({"object_fifo", "the form of hand-written designs: a product, or a bottleneck", false,
                               false, false, false, true, false, "too low, nothing waits in it", problems, decide});

}  // namespace
}  // namespace tessera::designs::object_fifo
