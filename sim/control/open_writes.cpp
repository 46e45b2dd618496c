#include "sim/control/open_writes.h"

namespace tessera::control {

OpenWrites::OpenWrites(const SwitchGates& gates, const program::EngineMap& map)
    : gates_(gates), tiles_(static_cast<std::size_t>(map.tile_count())), at_(gates.writes.size(), nowhere) {
  for (std::size_t k = 0; k < gates.writes.size(); ++k) {
    if (gates.writes[k].before.empty()) continue;
    Tile& tile = tiles_[static_cast<std::size_t>(gates.writes[k].tile)];
    tile.controller = map.switch_controller_of(gates.writes[k].tile);
    tile.writes.push_back(k);
  }
}

std::vector<std::size_t> OpenWrites::until(std::size_t write) const {
  std::vector<std::size_t> open;
  const Tile& tile = tiles_[static_cast<std::size_t>(gates_.writes[write].tile)];
  for (std::size_t i = tile.open; i < tile.writes.size() && tile.writes[i] <= write; ++i) {
    const std::size_t k = tile.writes[i];
    if (!written(k) && (k == write || set(k) < set(write))) open.push_back(k);
  }
  return open;
}

void OpenWrites::pass_written(Tile& tile) const {
  while (tile.open < tile.writes.size() && written(tile.writes[tile.open])) ++tile.open;
}

}  // namespace tessera::control
