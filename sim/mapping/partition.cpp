#include "sim/mapping/partition.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace tessera::mapping {
namespace {

// Blocks in so many parts, none of which crosses a border, the largest of them as small as possible.
std::vector<Span> split_apart(int blocks, const std::vector<int>& borders, int parts) {
  struct Layer {
    Span blocks;
    int parts = 1;
    int largest() const { return static_cast<int>(ceil_div(blocks.size(), parts)); }
  };
  std::vector<Layer> layers;
  int begin = 0;
  for (int border : borders) {
    layers.push_back({{begin, border}});
    begin = border;
  }
  layers.push_back({{begin, blocks}});
  const auto smaller = [](const Layer& a, const Layer& b) { return a.largest() < b.largest(); };
  for (int left = parts - static_cast<int>(layers.size()); left > 0; --left)
    ++std::max_element(layers.begin(), layers.end(), smaller)->parts;
  std::vector<Span> list;
  for (const Layer& l : layers)
    for (int i = 0; i < l.parts; ++i) list.push_back(split(l.blocks, l.parts, i));
  return list;
}

// What tells the second factors of cores apart: their heads, their channels, their groups of rows. Cores whose rows are
// of several groups, and those of other layers, share none.
std::tuple<int, int, int, int> second_factor_of(const network::Layer& l, const CorePart& part, int index) {
  if (!ops::is_product(l) || !in_one_group(l.matmul, part.h.lo, part.h.hi)) return {-1, -1, -1, index};
  return {l.matmul.by_rows ? part.w.lo : 0, part.b.lo, part.h.lo / l.matmul.rows, 0};
}

// Tells streams from one memory tile apart: those of single cores by row and column.
void number_seconds(std::vector<CoreGroup>& seconds) {
  for (std::size_t g = 0; g < seconds.size(); ++g)
    seconds[g].lane = seconds[g].parts.size() > 1 ? static_cast<int>(g) : seconds[g].lane + seconds[g].column;
}

}  // namespace

int channel_parts(const Sharding& s, const arch::ArraySpec& array) {
  return (s.cols == Axis::channels ? array.cols : 1) * (s.rows == Axis::channels ? array.rows : 1);
}

Partition make_partition(const network::Layer& layer, Span rows, const Sharding& sharding, const arch::ArraySpec& array,
                         const std::vector<int>& borders) {
  Partition p;
  p.sharding = sharding;
  const bool own_channels = ops::channelwise(layer), weighted = ops::has_weights(layer);
  const int blocks = network::stored_channels(layer.out.c) / 8;
  const std::vector<Span> apart =
      sharding.apart ? split_apart(blocks, borders, channel_parts(sharding, array)) : std::vector<Span>{};
  const auto range = [&](Axis axis, Span whole, int row, int col) {
    const bool by_cols = sharding.cols == axis, by_rows = sharding.rows == axis;
    if (axis == Axis::channels && sharding.apart)
      return apart[static_cast<std::size_t>(by_cols && by_rows ? col * array.rows + row : by_cols ? col : row)];
    if (axis == Axis::channels && !operator_of(layer).splits_channels)
      return (by_cols && col > 0) || (by_rows && row > 0) ? Span{} : whole;
    if (by_cols && by_rows) return split(whole, array.rows * array.cols, col * array.rows + row);
    if (by_cols) return split(whole, array.cols, col);
    if (by_rows) return split(whole, array.rows, row);
    return whole;
  };
  using Key = std::tuple<int, int, int, int>;
  std::map<Key, int> acts, weights, seconds;
  p.parts.reserve(static_cast<std::size_t>(array.cores()));
  for (int col = 0; col < array.cols; ++col)
    for (int row = 0; row < array.rows; ++row) {
      CorePart part{row,
                    col,
                    range(Axis::height, rows, row, col),
                    range(Axis::width, {0, layer.out.w}, row, col),
                    range(Axis::channels, {0, blocks}, row, col),
                    -1,
                    -1};
      if (part.h.empty() || part.w.empty() || part.b.empty()) continue;
      const int index = static_cast<int>(p.parts.size());
      const auto join = [&](std::map<Key, int>& known, std::vector<CoreGroup>& groups, const Key& key) {
        const auto [it, added] = known.try_emplace(key, static_cast<int>(groups.size()));
        if (added) groups.push_back({{}, row, col});
        CoreGroup& g = groups[it->second];
        if (g.column != col) g.column = -1;
        g.parts.push_back(index);
        return it->second;
      };
      part.acts = join(acts, p.acts, {part.h.lo, part.w.lo, own_channels ? part.b.lo : -1, 0});
      part.second = join(seconds, p.seconds, second_factor_of(layer, part, index));
      if (weighted) part.weights = join(weights, p.weights, {part.b.lo, 0, 0, 0});
      p.max_h = std::max(p.max_h, part.h.size());
      p.max_w = std::max(p.max_w, part.w.size());
      p.max_b = std::max(p.max_b, part.b.size());
      p.parts.push_back(part);
    }
  number_seconds(p.seconds);
  std::vector<int> column_area(static_cast<std::size_t>(array.cols), 0);
  for (CoreGroup& g : p.acts) {
    p.lanes = std::max(p.lanes, g.lane + 1);
    const CorePart& part = p.parts[g.parts[0]];
    column_area[static_cast<std::size_t>(part.col)] += part.h.size() * part.w.size();
  }
  const int widest = *std::max_element(column_area.begin(), column_area.end());
  p.full_lanes = std::max(1.0, static_cast<double>(widest) / std::max(1, p.max_h * p.max_w));
  return p;
}

}  // namespace tessera::mapping
