// The stream switches of an array and the links between neighbours. Shims stand below memory tiles, these below compute
// tiles; memory tiles have no links to the east or west. Links that leave a tile on the same side are alike: a switch
// joins any of its ports, but for memory tiles, through which a stream goes straight on (link i to link i; mlir-aie
// target model). That takes nothing away: streams up or down a column can always be numbered so, as intervals on a line
// need no more numbers than the most that overlap.
#pragma once
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/program/engine.h"

namespace tessera::route {

enum class Side : std::uint8_t { north, south, east, west };

struct Links {  // from a tile to its neighbour
  program::TileId from = 0, to = 0;
  Side side = Side::north;
  int count = 0;
  int master = 0, slave = 0;  // number of the first of its ports in the switches of `from` and of `to`
};

inline std::size_t index(int i) { return static_cast<std::size_t>(i); }

struct Place {  // of a tile: its column, and its height above the shims
  int col = 0, y = 0;
};

class Grid {
 public:
  Grid(const arch::ArraySpec& array, const program::EngineMap& map);

  int tiles() const { return static_cast<int>(from_.size()); }
  const std::vector<Links>& links() const { return links_; }
  const std::vector<int>& from(program::TileId tile) const { return from_[index(tile)]; }
  std::int64_t count() const;  // of all links
  Place place(program::TileId tile) const { return places_[index(tile)]; }
  int cols() const { return cols_; }
  int height() const { return height_; }
  // Ports of a switch are numbered apart by direction, links first: master ports send, slave ports take.
  int master_of(const program::EngineMap::Info& s2mm) const { return masters_[index(s2mm.tile)] + s2mm.channel; }
  int slave_of(const program::EngineMap::Info& mm2s) const { return slaves_[index(mm2s.tile)] + mm2s.channel; }
  std::string name(int links) const;  // "north of mem(0,0)"

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  void add(program::TileId from, program::TileId to, Side side, int count);
  const program::EngineMap& map_;
  std::vector<Links> links_;
  std::vector<std::vector<int>> from_;  // by tile: indices into links_
  std::vector<int> masters_, slaves_;   // by tile: of its links, before those of its channels
  std::vector<Place> places_;           // by tile
  int cols_, height_;
};

// The switches of an array: who is where, links, and what a switch has for packets.
struct Device {
  Device(const arch::ArraySpec& array, const program::EngineMap& engines)
      : map(engines), grid(array, engines), spec(array.stream), controller(array.controller), array_(array) {}
  // DMA channels of a tile that take from its switch (master ports send to them), or that send to it.
  int channels(program::TileKind kind, bool masters) const {
    const arch::DmaSpec& dma = kind == program::TileKind::compute  ? array_.tile.dma
                               : kind == program::TileKind::memory ? array_.memtile.dma
                                                                   : array_.shim.dma;
    return masters ? dma.s2mm : dma.mm2s;
  }
  const program::EngineMap& map;
  Grid grid;
  const arch::StreamSpec& spec;
  const arch::ControllerSpec& controller;

 private:
  const arch::ArraySpec& array_;
};

}  // namespace tessera::route
