#include "sim/lower/needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/lower/emission.h"

namespace tessera::lower {
namespace {

constexpr const char* tile_names[] = {"tile", "memtile", "shim"};  // by TileKind, as hardware files call them

const arch::DmaSpec& dma_of(const arch::ArraySpec& a, std::size_t kind) {
  return kind == 0 ? a.tile.dma : kind == 1 ? a.memtile.dma : a.shim.dma;
}

}  // namespace

std::vector<Problem> missing_resources(const arch::ArraySpec& a) {
  std::vector<Problem> problems;
  const auto need = [&](const std::string& key, int have, int least, const char* why) {
    if (have >= least) return;
    problems.push_back(
        {"", "hardware." + key,
         fmt::format("every schedule needs {}, there are {}, {} are missing: {}", least, have, least - have, why),
         fmt::format("a machine for schedules has {} or more", least)});
  };
  need("tile.locks.count", a.tile.locks.count, core_locks::weights(core_locks::most_slots) + 2,
       "an empty/full pair per kind and number of buffers");
  need("tile.locks.max_value", a.tile.locks.max_value, core_locks::most_slots, "a lock counts the buffers of its kind");
  need("tile.dma.s2mm", a.tile.dma.s2mm, 2, "one inbound channel for activations, one for weights");
  need("memtile.dma.s2mm", a.memtile.dma.s2mm, 2, "one inbound channel for DDR, one for results of cores");
  // A tensor in a memory tile or in DDR is a box of rows, columns and channels.
  const std::array<int, 3> dimensions{2, 3, 3};
  for (std::size_t kind = 0; kind < dimensions.size(); ++kind) {
    const arch::DmaSpec& dma = dma_of(a, kind);
    const std::string key = fmt::format("{}.dma.", tile_names[kind]);
    need(key + "descriptors", dma.descriptors, dma.s2mm + dma.mm2s, "one per channel");
    need(key + "dimensions", dma.dimensions, dimensions[kind], "parts of a tensor are boxes");
  }
  return problems;
}

std::vector<Problem> too_long_transfers(const program::Program& program, const arch::ArraySpec& array) {
  struct Longest {
    Bytes bytes = 0;
    int layer = -1;
  };
  std::array<Longest, 3> longest;
  const program::EngineMap map(array);
  for (program::EngineId e = 0; e < map.count(); ++e)
    for (const program::Transfer& t : program.engines[e].transfers) {
      Longest& most = longest[static_cast<std::size_t>(map.info(e).tile_kind)];
      if (t.access.stream_bytes() > most.bytes) most = {t.access.stream_bytes(), t.layer};
    }
  std::vector<Problem> problems;
  for (std::size_t kind = 0; kind < longest.size(); ++kind) {
    const auto [bytes, layer] = longest[kind];
    const Bytes limit = dma_of(array, kind).max_length;
    if (bytes <= limit) continue;
    problems.push_back({"", fmt::format("hardware.{}.dma.max_length", tile_names[kind]),
                        fmt::format("the schedule moves up to {} bytes at once (layer {}), a descriptor moves {}, {} "
                                    "are missing",
                                    bytes, layer < 0 ? "" : program.layers[layer].layer.name, limit, bytes - limit),
                        fmt::format("{} or more, or smaller tiles (schedule.layers.<name>.tile) would help", bytes)});
  }
  return problems;
}

}  // namespace tessera::lower
