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

namespace {

using Slots = std::map<int, std::vector<std::int64_t>>;  // of a port: ids and, last, their way

bool share_an_id(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  return std::any_of(a.begin(), a.end() - 1,
                     [&](std::int64_t id) { return std::find(b.begin(), b.end() - 1, id) != b.end() - 1; });
}

Slots slots_of(const SwitchRegisters& all, SwitchRegister port) {
  Slots slots;
  port.slot = 0;
  for (auto at = all.lower_bound(port); at != all.end(); ++at) {
    if (at->first.tile != port.tile || at->first.master || at->first.port != port.port) break;
    slots[at->first.slot] = at->second;
  }
  return slots;
}

// Registers that are written so that a port has the slots `next`.
int rewrite_slots(SwitchRegisters& now, SwitchRegister port, const Slots& next) {
  Slots had = slots_of(now, port);
  std::vector<std::vector<std::int64_t>> fresh;
  std::set<int> kept;
  for (const auto& [number, slot] : next) {
    const auto same = std::find_if(had.begin(), had.end(), [&](const auto& s) { return s.second == slot; });
    if (same == had.end())
      fresh.push_back(slot);
    else
      kept.insert(same->first);
  }
  // Slots that would take what is not theirs first, then those that are free.
  std::vector<int> places;
  for (const auto& [number, slot] : had)
    if (kept.count(number) == 0 &&
        std::any_of(next.begin(), next.end(), [&, &s = slot](const auto& n) { return share_an_id(n.second, s); }))
      places.push_back(number);
  const std::size_t wrong = places.size();
  for (int number = 0; places.size() < std::max(wrong, fresh.size()); ++number)
    if (kept.count(number) == 0 && std::find(places.begin(), places.end(), number) == places.end())
      places.push_back(number);
  for (std::size_t p = 0; p < places.size(); ++p) {
    port.slot = places[p];
    if (p < fresh.size())
      now[port] = fresh[p];
    else
      now.erase(port);
  }
  return static_cast<int>(places.size());
}
}  // namespace

std::vector<int> rewrite(SwitchRegisters& now, const SwitchRegisters& next, int tiles) {
  std::vector<int> written(static_cast<std::size_t>(tiles));
  for (const auto& [at, value] : next) {
    int& here = written[static_cast<std::size_t>(at.tile)];
    if (at.slot >= 0) {
      if (at.slot == 0) here += rewrite_slots(now, at, slots_of(next, at));
      continue;
    }
    const auto [known, fresh] = now.emplace(at, value);
    if (!fresh && known->second == value) continue;
    known->second = value;
    ++here;
  }
  return written;
}

}  // namespace tessera::route
