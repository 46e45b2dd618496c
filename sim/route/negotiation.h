// Which way every stream takes through the array: negotiated congestion (McMurchie and Ebeling, PathFinder). Each
// stream takes the cheapest tree to its receivers; links that too many streams want become dearer from turn to turn, so
// that those with another way take it.
#pragma once
#include <vector>

#include "sim/route/grid.h"

namespace tessera::route {

// From the tile of a stream to those of all its receivers.
struct Wish {
  program::TileId from = 0;
  std::vector<program::TileId> to;  // ascending, each once
  int bundle = -1;                  // streams of one bundle, all to one receiver, share links; -1: none
};

struct Ways {
  // By stream: the sides that it leaves tiles by, as indices into Grid::links. Each begins in the stream's tile or
  // where an earlier one ends, and no tile is entered twice.
  std::vector<std::vector<int>> trees;
  std::vector<int> streams;  // by Grid::links: streams that take one of them, those of a bundle as one
  std::int64_t excess = 0;   // streams beyond the links, summed
  std::vector<int> cut_off;  // streams with a receiver that no way leads to
};
// `dearer`: by Grid::links, how many times the price of a free link it costs beyond that. `trees`: by stream, a way
// that it has before, of which nothing is superfluous; empty: none.
Ways negotiate(const Grid& grid, const std::vector<Wish>& wishes, const std::vector<int>& dearer,
               std::vector<std::vector<int>> trees);

// What has to go up, down, east or west across a whole row or column of links, whichever ways streams take.
struct Cut {
  Side side = Side::north;
  int at = 0;  // the column or height before it
  std::int64_t streams = 0, links = 0;
};
std::vector<Cut> cuts_of(const Grid& grid, const std::vector<Wish>& wishes);

}  // namespace tessera::route
