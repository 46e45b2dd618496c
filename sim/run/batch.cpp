#include "sim/run/batch.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

namespace tessera::run {

std::vector<Problem> make_batch(RunConfig& config, int images) {
  config.images = images;
  config.batch = in_batch(config.network, images, config.array.memtiles() * config.array.memtile.memory.size);
  constexpr std::size_t most = std::numeric_limits<std::int16_t>::max();
  const std::size_t layers = config.batch.network.layers.size();
  if (images == 1 || layers <= most) return {};
  return {{"", "batch", fmt::format("is {}, which makes {} layers of the network", images, layers),
           fmt::format("legal: a batch of up to {} layers in all", most)}};
}

void repeat_forced(RunConfig& config) {
  const std::vector<network::Layer>& layers = config.batch.network.layers;
  auto& forced = config.schedule.layers;
  for (const network::Layer& layer : layers) {
    if (layer.repeats < 0) continue;
    const auto first = forced.find(layers[static_cast<std::size_t>(layer.repeats)].name);
    if (first != forced.end()) forced.emplace(layer.name, first->second);
  }
}

std::vector<std::optional<sparsity::BlockMask>> masks_of_batch(const RunConfig& config) {
  std::vector<std::optional<sparsity::BlockMask>> masks;
  for (const network::LayerId source : config.batch.source)
    masks.push_back(config.masks[static_cast<std::size_t>(source)]);
  return masks;
}

}  // namespace tessera::run
