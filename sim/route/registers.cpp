#include "sim/route/registers.h"

#include <algorithm>
#include <set>

namespace tessera::route {

SwitchRegisters registers_of(const Device& device, const std::vector<program::Route>& routes, const Routing& routing) {
  SwitchRegisters all;
  const Passages passages = passages_of(device.grid, device.map, routes, routing);
  for (program::TileId tile = 0; tile < device.grid.tiles(); ++tile) {
    const std::vector<Passage>& at = passages[static_cast<std::size_t>(tile)];
    const Way packets_in = needs_of(at, device.spec).packets_in;
    std::map<int, std::map<Way, std::set<std::int64_t>>> slots;  // by slave port and way: ids
    std::map<int, std::set<std::int64_t>> sent;                  // by master port
    for (const Passage& p : at) {
      const bool packets = (packets_in >> p.slave & 1) != 0;
      if (packets)
        slots[p.slave][p.way].insert(
            routing.ids[static_cast<std::size_t>(p.stream)][static_cast<std::size_t>(p.route)]);
      for (int master = 0; master < 64; ++master)
        if ((p.way >> master & 1) != 0) sent[master].insert(packets ? static_cast<std::int64_t>(p.way) : -1 - p.slave);
      if (!packets) all[{tile, false, p.slave, -1}] = {0};
    }
    for (const auto& [master, value] : sent) all[{tile, true, master, -1}] = {value.begin(), value.end()};
    for (const auto& [slave, ways] : slots) {
      all[{tile, false, slave, -1}] = {1};
      int slot = 0;
      for (const auto& [way, ids] : ways) {
        std::vector<std::int64_t>& value = all[{tile, false, slave, slot++}];
        value = {ids.begin(), ids.end()};
        value.push_back(static_cast<std::int64_t>(way));
      }
    }
  }
  return all;
}

std::vector<int> rewrite(SwitchRegisters& now, const SwitchRegisters& next, int tiles) {
  std::vector<int> written(static_cast<std::size_t>(tiles));
  for (const auto& [at, value] : next) {
    const auto [known, fresh] = now.emplace(at, value);
    if (!fresh && known->second == value) continue;
    known->second = value;
    ++written[static_cast<std::size_t>(at.tile)];
  }
  return written;
}

}  // namespace tessera::route
