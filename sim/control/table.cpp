#include "sim/control/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "sim/program/registers.h"

namespace tessera::control {
namespace {

using program::EngineId;
using program::EngineKind;

class TableMaker {
 public:
  TableMaker(const program::Program& p, const arch::ArraySpec& a, const FreeRun& free)
      : p_(p), a_(a), map_(a), free_(free) {
    table_.part.assign(p.engines.size(), -1);
  }

  Expected<Table> run() {
    std::vector<bool> awaited(p_.engines.size(), false);
    for (const program::EngineProgram& engine : p_.engines)
      for (const program::Transfer& t : engine.transfers)
        for (std::uint32_t w = t.wait0; w < t.wait0 + t.wait_count; ++w) awaited[p_.waits[w].engine] = true;
    for (EngineId e = 0; e < map_.first_controller(); ++e)
      if (map_.is_channel(e) && !free_.order[e].empty()) choose(e, awaited[e]);
    for (const auto& [half, list] : groups_)
      if (std::optional<Failure> failure = share(half, list)) return std::move(*failure);
    return std::move(table_);
  }

 private:
  using Half = std::pair<program::TileId, int>;  // of a tile's descriptors: its first one
  Half half(EngineId e) const { return {map_.info(e).tile, program::descriptors_of(map_.info(e), a_).first}; }

  // Nobody has to start a channel that nobody waits for and whose registers fit into its part of the table.
  void choose(EngineId e, bool awaited) {
    const program::EngineMap::Info& info = map_.info(e);
    const arch::DmaSpec& dma = dma_of(a_, info.tile_kind);
    std::set<program::Registers> distinct;
    bool waits = awaited;
    for (const program::Transfer& t : p_.engines[e].transfers) {
      waits = waits || t.wait_count > 0;
      if (distinct.size() <= static_cast<std::size_t>(dma.descriptors))
        distinct.insert(program::registers_of(t, info.kind == EngineKind::mm2s));
    }
    const int count = static_cast<int>(distinct.size());
    if (waits || count > std::max(1, dma.descriptors / (dma.s2mm + dma.mm2s))) {
      table_.started.push_back(e);
      groups_[half(e)].push_back(e);
      return;
    }
    table_.configured[e] = program::descriptors_of(info, a_).first + taken_[half(e)];
    taken_[half(e)] += count;
  }

  std::optional<Failure> share(const Half& half, const std::vector<EngineId>& list) {
    const program::DescriptorRange range = program::descriptors_of(map_.info(list.front()), a_);
    const int left = range.last - range.first - taken_[half];
    if (left < static_cast<int>(list.size()))
      return fail(ExitCode::does_not_fit,
                  {"", map_.tile_name(half.first),
                   fmt::format("has {} descriptors left for {} channels", left, list.size()), ""});
    for (const EngineId e : list) table_.part[e] = static_cast<int>(table_.parts.size());
    table_.parts.push_back({range.first + taken_[half], left, list});
    return std::nullopt;
  }

  const program::Program& p_;
  const arch::ArraySpec& a_;
  const program::EngineMap map_;
  const FreeRun& free_;
  std::map<Half, std::vector<EngineId>> groups_;
  std::map<Half, int> taken_;  // by configured channels
  Table table_;
};

}  // namespace

const arch::DmaSpec& dma_of(const arch::ArraySpec& a, program::TileKind kind) {
  return kind == program::TileKind::compute  ? a.tile.dma
         : kind == program::TileKind::memory ? a.memtile.dma
                                             : a.shim.dma;
}

Expected<Table> make_table(const program::Program& program, const arch::ArraySpec& array, const FreeRun& free) {
  return TableMaker(program, array, free).run();
}

}  // namespace tessera::control
