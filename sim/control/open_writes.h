// Which writes of switches the lists of controllers have already. Those of a tile are written set after set.
#pragma once
#include <cstddef>
#include <vector>

#include "sim/control/switch_gates.h"

namespace tessera::control {

class OpenWrites {
 public:
  // What comes before nothing is never written.
  OpenWrites(const SwitchGates& gates, const program::EngineMap& map);

  bool written(std::size_t write) const { return at_[write] != nowhere; }
  std::size_t at(std::size_t write) const { return at_[write]; }  // where it stands in the list of its controller
  void write(std::size_t write, std::size_t at) { at_[write] = at; }
  // Before which operation the last write of the tile belongs.
  std::size_t& last_place(program::TileId tile) { return tiles_[static_cast<std::size_t>(tile)].last_place; }

  // What is open of its tile for the sets before, and itself.
  std::vector<std::size_t> until(std::size_t write) const;
  // Visits, tile after tile, what the controller can write with what it knows; the visit writes it.
  template <class Visit>
  void each_free(program::EngineId controller, const std::vector<std::int32_t>& known, const Visit& visit) {
    for (Tile& tile : tiles_) {
      if (tile.controller != controller) continue;
      pass_written(tile);
      for (std::size_t i = tile.open; i < tile.writes.size(); ++i) {
        const std::size_t k = tile.writes[i];
        if (written(k)) continue;
        if (set(k) != set(tile.writes[tile.open])) break;
        if (gates_.over(k, known)) visit(k);
        pass_written(tile);
      }
    }
  }

 private:
  struct Tile {
    program::EngineId controller = -1;  // which writes its switch
    std::vector<std::size_t> writes;
    std::size_t open = 0;  // the first that is not written
    std::size_t last_place = 0;
  };
  static constexpr auto nowhere = static_cast<std::size_t>(-1);

  int set(std::size_t write) const { return gates_.writes[write].set; }
  void pass_written(Tile& tile) const;

  const SwitchGates& gates_;
  std::vector<Tile> tiles_;
  std::vector<std::size_t> at_;  // by write
};

}  // namespace tessera::control
