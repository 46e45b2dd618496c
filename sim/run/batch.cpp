#include "sim/run/batch.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "sim/network/side_by_side.h"

namespace tessera::run {

network::Batch given_batch(const RunConfig& config) { return in_batch(config.network, config.images); }

network::Batch batch_of(const RunConfig& config) {
  network::Batch batch = given_batch(config);
  if (config.accounting == Accounting::published) return batch;
  batch.network = side_by_side(std::move(batch.network));
  return batch;
}

std::vector<std::optional<sparsity::BlockMask>> masks_of(const RunConfig& config, const network::Batch& batch) {
  std::vector<std::optional<sparsity::BlockMask>> masks;
  if (config.masks.empty()) return masks;
  for (std::size_t i = 0; i < batch.source.size(); ++i) {
    const network::LayerId source = batch.source[i];
    masks.push_back(source < 0 ? std::nullopt : config.masks[static_cast<std::size_t>(source)]);
    const network::Layer& layer = batch.network.layers[i];
    if (masks.back() && layer.columns.joined > 1) masks.back() = sparsity::one_column(*masks.back(), layer.in.c);
  }
  return masks;
}

std::vector<Problem> batch_problems(const RunConfig& config) {
  constexpr std::size_t most = std::numeric_limits<std::int16_t>::max();
  const std::size_t layers = config.network.layers.size() * static_cast<std::size_t>(config.images);
  if (config.images == 1 || layers <= most) return {};
  return {{"", "batch", fmt::format("is {}, which makes {} layers of the network", config.images, layers),
           fmt::format("legal: up to {} layers in all", most)}};
}

void repeat_forced(RunConfig& config) {
  auto& forced = config.schedule.layers;
  if (forced.empty()) return;
  const network::Network network = batch_of(config).network;
  for (const network::Layer& layer : network.layers) {
    if (layer.repeats < 0) continue;
    const auto first = forced.find(network.layers[static_cast<std::size_t>(layer.repeats)].name);
    if (first != forced.end()) forced.emplace(layer.name, first->second);
  }
}

}  // namespace tessera::run
