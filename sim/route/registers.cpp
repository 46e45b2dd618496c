#include "sim/route/registers.h"

#include <algorithm>
#include <set>

namespace tessera::route {

namespace {

void add_registers(const Device& device, const Passages& passages, const Routing& routing, program::TileId tile,
                   SwitchRegisters& all) {
  const Way packets_in = needs_of(passages, routing, tile, device.spec).packets_in;
  std::map<int, std::map<Way, std::set<std::int64_t>>> slots;  // by slave port and way: ids
  std::map<int, std::set<std::int64_t>> sent;                  // by master port
  for (const Passage& p : passages[index(tile)]) {
    const bool packets = (packets_in >> p.slave & 1) != 0;
    if (packets) slots[p.slave][p.way].insert(routing.ids[index(p.stream)][index(p.route)]);
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

}  // namespace

SwitchRegisters registers_of(const Device& device, const std::vector<program::Route>& routes, const Routing& routing) {
  SwitchRegisters all;
  const Passages passages = passages_of(device.grid, device.map, routes, routing);
  for (program::TileId tile = 0; tile < device.grid.tiles(); ++tile)
    add_registers(device, passages, routing, tile, all);
  return all;
}

SwitchRegisters registers_of(const Device& device, const Passages& passages, const Routing& routing,
                             program::TileId tile) {
  SwitchRegisters all;
  add_registers(device, passages, routing, tile, all);
  return all;
}

namespace {

using Slots = std::map<int, RegisterValue>;  // of a port

bool share_an_id(const RegisterValue& a, const RegisterValue& b) {
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

}  // namespace

void SwitchState::set(std::vector<RegisterChange>& changes, const SwitchRegister& at, const RegisterValue& to,
                      bool early) {
  const auto known = now_.find(at);
  const RegisterValue from = known == now_.end() ? RegisterValue{} : known->second;
  if (from == to) return;
  const bool first = used_.insert(at).second;
  if (!early || !first) changes.push_back({at, from, to});
  if (to.empty())
    now_.erase(known);
  else
    now_[at] = to;
}

// So that a port has the slots of `next`.
void SwitchState::slots(std::vector<RegisterChange>& changes, SwitchRegister port, const SwitchRegisters& next) {
  const Slots had = slots_of(now_, port), wanted = slots_of(next, port);
  std::vector<RegisterValue> fresh;
  std::set<int> kept;
  for (const auto& [number, slot] : wanted) {
    const auto same = std::find_if(had.begin(), had.end(), [&, &s = slot](const auto& h) { return h.second == s; });
    if (same == had.end())
      fresh.push_back(slot);
    else
      kept.insert(same->first);
  }
  // Slots that would take what is not theirs first, then those that are free.
  std::vector<int> places;
  for (const auto& [number, slot] : had)
    if (kept.count(number) == 0 &&
        std::any_of(wanted.begin(), wanted.end(), [&, &s = slot](const auto& w) { return share_an_id(w.second, s); }))
      places.push_back(number);
  const std::size_t wrong = places.size();
  for (int number = 0; places.size() < std::max(wrong, fresh.size()); ++number)
    if (kept.count(number) == 0 && std::find(places.begin(), places.end(), number) == places.end())
      places.push_back(number);
  std::set<std::int64_t>& seen = seen_[{port.tile, port.port}];
  for (std::size_t p = 0; p < places.size(); ++p) {
    port.slot = places[p];
    const bool taken = p < fresh.size();
    const bool unseen = taken && std::none_of(fresh[p].begin(), fresh[p].end() - 1,
                                              [&](std::int64_t id) { return seen.count(id) > 0; });
    set(changes, port, taken ? fresh[p] : RegisterValue{}, unseen);
  }
  for (const auto& [number, slot] : wanted) seen.insert(slot.begin(), slot.end() - 1);
}

// `fresh`: slave ports that no stream came by before.
void SwitchState::masters(std::vector<RegisterChange>& changes, const SwitchRegisters& next,
                          const std::set<Port>& fresh) {
  std::vector<SwitchRegister> stale;  // would send on what another port takes now
  for (const auto& [at, value] : now_)
    if (at.master && value.front() < 0 && next.count(at) == 0 &&
        next.count({at.tile, false, static_cast<int>(-1 - value.front()), -1}) > 0)
      stale.push_back(at);
  for (const SwitchRegister& at : stale) set(changes, at, {}, false);
  for (const auto& [at, value] : next) {
    if (!at.master) continue;
    const bool early = value.front() >= 0 || fresh.count({at.tile, static_cast<int>(-1 - value.front())}) > 0;
    set(changes, at, value, early);
  }
}

std::vector<RegisterChange> SwitchState::go_on(const SwitchRegisters& next) {
  std::vector<RegisterChange> changes;
  std::set<Port> fresh;
  for (const auto& [at, value] : next) {
    if (at.master || at.slot >= 0) continue;
    if (used_.count(at) == 0) fresh.emplace(at.tile, at.port);
    set(changes, at, value, true);
    if (value.front() == 1) slots(changes, at, next);
  }
  masters(changes, next, fresh);
  std::sort(changes.begin(), changes.end(),
            [](const RegisterChange& a, const RegisterChange& b) { return a.at < b.at; });
  return changes;
}

}  // namespace tessera::route
