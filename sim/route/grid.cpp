#include "sim/route/grid.h"

#include <array>

namespace tessera::route {
namespace {

const arch::LinkSpec& links_of(const arch::StreamSpec& stream, program::TileKind kind) {
  return kind == program::TileKind::compute  ? stream.tile
         : kind == program::TileKind::memory ? stream.memtile
                                             : stream.shim;
}
}  // namespace

Grid::Grid(const arch::ArraySpec& array, const program::EngineMap& map)
    : map_(map),
      from_(index(map.tile_count())),
      masters_(from_.size()),
      slaves_(from_.size()),
      places_(from_.size()),
      cols_(array.cols),
      height_(1 + array.memtile_rows + array.rows) {
  const auto at = [&](int col, int y) {
    if (y == 0) return map.shim_tile(col);
    return y <= array.memtile_rows ? map.memory_tile(col * array.memtile_rows + y - 1)
                                   : map.compute_tile(y - 1 - array.memtile_rows, col);
  };
  for (int col = 0; col < array.cols; ++col)
    for (int y = 0; y < height_; ++y) {
      const program::TileId tile = at(col, y);
      places_[index(tile)] = {col, y};
      const arch::LinkSpec& links = links_of(array.stream, map.tile_kind(tile));
      if (y + 1 < height_) add(tile, at(col, y + 1), Side::north, links.north);
      if (y > 0) add(tile, at(col, y - 1), Side::south, links.south);
      if (map.tile_kind(tile) == program::TileKind::memory) continue;
      if (col + 1 < array.cols) add(tile, at(col + 1, y), Side::east, links.east);
      if (col > 0) add(tile, at(col - 1, y), Side::west, links.west);
    }
}

void Grid::add(program::TileId from, program::TileId to, Side side, int count) {
  if (count == 0) return;
  from_[index(from)].push_back(static_cast<int>(links_.size()));
  links_.push_back({from, to, side, count, masters_[index(from)], slaves_[index(to)]});
  masters_[index(from)] += count;
  slaves_[index(to)] += count;
}

std::int64_t Grid::count() const {
  std::int64_t sum = 0;
  for (const Links& links : links_) sum += links.count;
  return sum;
}

std::string Grid::name(int links) const {
  static constexpr std::array<const char*, 4> sides{"north", "south", "east", "west"};
  const Links& at = links_[index(links)];
  return std::string(sides[static_cast<std::size_t>(at.side)]) + " of " + map_.tile_name(at.from);
}

}  // namespace tessera::route
