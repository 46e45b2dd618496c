#include "sim/schedule/depth_tiling.h"

#include <algorithm>

namespace tessera {

std::vector<DepthTile> depth_tiles(const std::vector<DepthUnit>& units, int tiles) {
  const int n = static_cast<int>(units.size());
  std::vector<int> done(n, 0);
  std::vector<DepthTile> list;
  for (int t = 0; t < tiles; ++t) {
    DepthTile tile;
    tile.rows.resize(n);
    tile.keep.assign(n, 0);
    std::vector<int> hi(n, 0);
    hi[n - 1] = split({0, units[n - 1].geometry.out.h}, tiles, t).hi;
    for (int v = n - 1; v > 0; --v) {
      const Window& k = units[v].geometry.window;
      for (int u = 0; u < v; ++u) {
        const int limit = units[u].geometry.out.h;
        const auto& same = units[v].same_rows;
        if (units[v].geometry.inputs[0] == units[u].target && hi[v] > 0)
          hi[u] = std::max(hi[u], std::clamp((hi[v] - 1) * k.sh - k.pad_top + k.kh, 0, limit));
        if (std::find(same.begin(), same.end(), units[u].target) != same.end()) hi[u] = std::max(hi[u], hi[v]);
      }
    }
    for (int u = 0; u < n; ++u) {
      // The last tile also takes rows that no window reaches: every row is computed once.
      const int end = t + 1 == tiles ? units[u].geometry.out.h : std::max(hi[u], done[u]);
      tile.rows[u] = {done[u], end};
      done[u] = end;
    }
    for (int u = 0; u < n; ++u) {
      int keep = units[u].geometry.out.h;
      for (int v = u + 1; v < n; ++v) {
        const Window& k = units[v].geometry.window;
        const auto& same = units[v].same_rows;
        if (units[v].geometry.inputs[0] == units[u].target) keep = std::min(keep, std::max(0, done[v] * k.sh - k.pad_top));
        if (std::find(same.begin(), same.end(), units[u].target) != same.end()) keep = std::min(keep, done[v]);
      }
      tile.keep[u] = t + 1 == tiles ? units[u].geometry.out.h : keep;
    }
    list.push_back(std::move(tile));
  }
  return list;
}

Bytes depth_bytes(const std::vector<DepthUnit>& units, const std::vector<DepthTile>& tiles, int memtiles) {
  Bytes sum = 0;
  for (std::size_t u = 0; u + 1 < units.size(); ++u) {
    const Shape& s = units[u].geometry.out;
    const Bytes row = round_up(Bytes{s.w} * stored_channels(s.c), 32);
    Bytes most = 0;
    for (std::size_t t = 0; t < tiles.size(); ++t) {
      // What this tile adds, spread over the memory tiles, and what it still finds of the tiles before.
      Bytes bytes = ceil_div(tiles[t].rows[u].size(), memtiles) * row;
      for (std::size_t b = 0; b < t; ++b)
        if (tiles[b].rows[u].hi > tiles[t - 1].keep[u]) bytes += ceil_div(tiles[b].rows[u].size(), memtiles) * row;
      most = std::max(most, bytes);
    }
    sum += most;
  }
  return sum;
}

}  // namespace tessera
