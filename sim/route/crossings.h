// How the routes of a routing pass the switches while its streams change links but not sides: what does not change is
// found out once.
#pragma once
#include <vector>

#include "sim/route/switches.h"

namespace tessera::route {

class Crossings {
 public:
  // Hops are numbered through all trees of the routing, stream by stream. All of them have links.
  Crossings(const Device& device, const std::vector<program::Route>& routes, const Routing& routing);

  int link(int hop) const { return hops_[index(hop)].link; }
  void set_link(int hop, int link);
  std::vector<int> links() const;  // by hop
  void set_links(const std::vector<int>& links);

  // What follows is as the links were at the last update.
  void update();
  // Passages of a tile, those of a stream one after the other, in the order of the streams.
  const std::vector<Passage>& at(program::TileId tile) const { return tiles_[index(tile)].passages; }
  const SwitchNeeds& needs(program::TileId tile);
  // Counts up when a passage of the tile leaves it by other ports.
  int version(program::TileId tile) const { return tiles_[index(tile)].version; }

 private:
  struct Hop {
    int link = 0;               // of its side
    int master = 0, slave = 0;  // ports of the first link of the side
    program::TileId from = 0, to = 0;
  };
  struct Parts {                             // of a passage
    int entry = -1;                          // the hop that it comes by; -1: its source is here
    int slave = 0;                           // where its source is here
    Way channels = 0;                        // ports of its receivers here
    std::size_t first_out = 0, end_out = 0;  // slice of outs_: the hops that it leaves by
  };
  struct Tile {
    std::vector<Passage> passages;
    std::vector<Parts> parts;  // of each
    bool stale = true, judged = false;
    int version = 0;
    SwitchNeeds needs;
  };
  void add_stream(const std::vector<program::Route>& routes, const Routing& routing, int stream, int first_hop);
  void renew(Tile& tile);

  const Device& device_;
  std::vector<Hop> hops_;
  std::vector<Tile> tiles_;
  std::vector<int> outs_;
  // Of the stream at hand, by tile: the hop that enters it, -1 where it begins, -2 where it does not come; and of its
  // route at hand, what it leaves by.
  std::vector<int> entry_;
  std::vector<Way> channels_;
  std::vector<std::vector<int>> leaves_by_;
};

}  // namespace tessera::route
