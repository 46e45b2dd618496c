#include "sim/schedule/depth_first.h"

#include <algorithm>

namespace tessera::schedule {
namespace {

bool reads_windows(const Unit& reader, network::LayerId tensor) { return reader.geometry.inputs[0] == tensor; }
bool reads_same_rows(const Unit& reader, network::LayerId tensor) {
  return std::find(reader.same_rows.begin(), reader.same_rows.end(), tensor) != reader.same_rows.end();
}

// Per tile and unit: the output rows the tile adds.
std::vector<std::vector<mapping::Span>> rows_of_tiles(const std::vector<Unit>& units, int tiles) {
  const int n = static_cast<int>(units.size());
  std::vector<int> done(n, 0);
  std::vector<std::vector<mapping::Span>> list;
  for (int t = 0; t < tiles; ++t) {
    std::vector<int> hi(n, 0);
    hi[n - 1] = mapping::split({0, units[n - 1].geometry.out.h}, tiles, t).hi;
    for (int v = n - 1; v > 0; --v) {
      const network::Window& k = units[v].geometry.window;
      for (int u = 0; u < v; ++u) {
        const int limit = units[u].geometry.out.h;
        if (reads_windows(units[v], units[u].target) && hi[v] > 0)
          hi[u] = std::max(hi[u], std::clamp((hi[v] - 1) * k.sh - k.pad_top + k.extent_h(), 0, limit));
        if (reads_same_rows(units[v], units[u].target)) hi[u] = std::max(hi[u], hi[v]);
      }
    }
    std::vector<mapping::Span> rows(n);
    for (int u = 0; u < n; ++u) {
      // The last tile also takes rows that no window reaches: every row is computed once.
      const int end = t + 1 == tiles ? units[u].geometry.out.h : std::max(hi[u], done[u]);
      rows[u] = {done[u], end};
      done[u] = end;
    }
    list.push_back(std::move(rows));
  }
  return list;
}

// First row of unit `u` that is still read when each unit has computed its rows up to `done`.
int first_kept(const std::vector<Unit>& units, std::size_t u, const std::vector<int>& done) {
  int keep = units[u].geometry.out.h;
  for (std::size_t v = u + 1; v < units.size(); ++v) {
    if (done[v] == units[v].geometry.out.h) continue;
    const network::Window& k = units[v].geometry.window;
    if (reads_windows(units[v], units[u].target)) keep = std::min(keep, std::max(0, done[v] * k.sh - k.pad_top));
    if (reads_same_rows(units[v], units[u].target)) keep = std::min(keep, done[v]);
  }
  return keep;
}

}  // namespace

std::vector<DepthStep> depth_steps(const std::vector<Unit>& units, int tiles) {
  const auto rows = rows_of_tiles(units, tiles);
  const int n = static_cast<int>(units.size());
  std::vector<int> done(n, 0);
  std::vector<DepthStep> steps;
  for (int turn = 0; turn < tiles + n - 1; ++turn)
    for (int u = 0; u < n; ++u) {
      const int t = turn - u;
      if (t < 0 || t >= tiles || rows[t][u].empty()) continue;
      done[u] = rows[t][u].hi;
      DepthStep step{u, t, rows[t][u], {}};
      for (int k = 0; k < n; ++k) step.keep.push_back(first_kept(units, k, done));
      steps.push_back(std::move(step));
    }
  return steps;
}

}  // namespace tessera::schedule
