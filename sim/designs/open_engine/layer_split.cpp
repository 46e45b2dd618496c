#include "sim/designs/open_engine/layer_split.h"

#include <algorithm>

namespace tessera::designs::open_engine {
namespace {

// Input channels, segment by segment: packets never mix two of them.
std::vector<Chunk> chunks_of(const EngineLayer& layer) {
  std::vector<Chunk> chunks;
  const auto add = [&](const Segment& segment, PacketKind kind, int blocks) {
    const int fresh = read_shape(kind).fresh;
    for (int b = 0; b < blocks; b += fresh)
      chunks.push_back({segment, kind, segment.first_block + b, std::min(fresh, segment.blocks - b)});
  };
  for (const Segment& s : layer.reads)  // a pool reads the 32 channels that it writes, group by group
    add(s, packet_kind(layer, s), layer.window == Window::pool ? group_blocks : s.blocks);
  if (layer.residual) {
    Chunk chunk{*layer.residual, PacketKind::residual, layer.residual->first_block, group_blocks};
    chunks.push_back(chunk);
  }
  return chunks;
}

// First pixels of tiles of `tile` over `extent`: the last one overlaps where they do not divide it.
std::vector<int> origins(int extent, int tile) {
  std::vector<int> list;
  for (int at = 0; at < extent; at += tile) list.push_back(std::max(0, std::min(at, extent - tile)));
  return list;
}

std::vector<Round> rounds_of(const Map& out, int group) {
  std::vector<Round> rounds;
  const std::vector<int> cols = origins(out.w, tile_cols), rows = origins(out.h, round_rows);
  for (std::size_t c = 0; c < cols.size(); ++c)
    for (const int h0 : rows) rounds.push_back({group, static_cast<int>(c), h0, cols[c]});
  return rounds;
}

// Whether `next` stands where the run goes on.
bool continues(const Run& run, const Round& next, const Variant& variant) {
  return run.size() < static_cast<std::size_t>(variant.drain_rounds) && run.back().group == next.group &&
         run.back().column == next.column && run.back().h0 + round_rows == next.h0;
}

}  // namespace

bool tiles_overlap(const Map& map) { return map.w % tile_cols != 0 || map.h % round_rows != 0; }

LayerSplit split_layer(const EngineNetwork& network, const EngineLayer& layer, const Variant& variant) {
  const Map& out = network.maps[static_cast<std::size_t>(layer.out.map)];
  LayerSplit split;
  split.groups = static_cast<int>(ceil_div(layer.out.blocks, group_blocks));
  split.chunks = chunks_of(layer);
  split.runs.resize(columns);
  for (int g = 0; g < split.groups; ++g) {
    const std::vector<Round> rounds = rounds_of(out, g);
    const int n = split.rounds_per_group = static_cast<int>(rounds.size());
    for (int i = 0; i < n; ++i) {
      int column = 0;  // rounds are cut into four slices; where they are too few, groups take turns
      if (n >= columns)
        while ((column + 1) * n / columns <= i) ++column;
      else if (variant.balanced)
        column = (g * n + i) % columns;
      auto& runs = split.runs[static_cast<std::size_t>(column)];
      if (runs.empty() || !continues(runs.back(), rounds[static_cast<std::size_t>(i)], variant)) runs.emplace_back();
      runs.back().push_back(rounds[static_cast<std::size_t>(i)]);
    }
  }
  return split;
}

}  // namespace tessera::designs::open_engine
