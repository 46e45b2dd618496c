#include "sim/route/registers.h"

#include <algorithm>
#include <set>

namespace tessera::route {

namespace {

template <class T>
void sort_once(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

// Adds the registers of one more switch, which stand behind those of the tiles before.
void add_registers(const Device& device, const Passages& passages, const Routing& routing, program::TileId tile,
                   SwitchRegisters& all) {
  const std::vector<Passage>& at = passages[index(tile)];
  const Way packets_in = needs_of(passages, routing, tile, device.spec).packets_in;
  const auto add = [&](bool master, int port, int slot, RegisterValue value) {
    all.emplace_hint(all.end(), SwitchRegister{tile, master, port, slot}, std::move(value));
  };
  std::vector<std::pair<int, std::int64_t>> sent;   // master ports, and what they listen to
  std::vector<std::pair<Way, std::int64_t>> taken;  // of a slave port: ways and ids
  for (auto p = at.begin(); p != at.end();) {
    const int slave = p->slave;
    const bool packets = (packets_in >> slave & 1) != 0;
    add(false, slave, -1, {packets ? 1 : 0});
    taken.clear();
    for (; p != at.end() && p->slave == slave; ++p) {
      if (packets) taken.emplace_back(p->way, routing.ids[index(p->stream)][index(p->route)]);
      each_port(p->way, [&](int master) {
        sent.emplace_back(master, packets ? static_cast<std::int64_t>(p->way) : -1 - slave);
      });
    }
    sort_once(taken);
    int slot = 0;
    for (auto way = taken.begin(); way != taken.end();) {
      RegisterValue value;
      const Way of = way->first;
      for (; way != taken.end() && way->first == of; ++way) value.push_back(way->second);
      value.push_back(static_cast<std::int64_t>(of));
      add(false, slave, slot++, std::move(value));
    }
  }
  sort_once(sent);
  for (auto s = sent.begin(); s != sent.end();) {
    RegisterValue value;
    const int master = s->first;
    for (; s != sent.end() && s->first == master; ++s) value.push_back(s->second);
    add(true, master, -1, std::move(value));
  }
}

}  // namespace

SwitchRegisters registers_of(const Device& device, const Passages& passages, const Routing& routing) {
  SwitchRegisters all;
  std::size_t passing = 0;
  for (const std::vector<Passage>& at : passages) passing += at.size();
  all.reserve(2 * passing);  // a port in and one out
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

const RegisterValue nothing;

// The slots of a port.
struct Slots {
  SwitchRegisters::const_iterator first, last;
  Slots(const SwitchRegisters& all, const SwitchRegister& port)
      : first(all.lower_bound({port.tile, port.master, port.port, 0})),
        last(all.lower_bound({port.tile, port.master, port.port + 1, -1})) {}
  auto begin() const { return first; }
  auto end() const { return last; }
};

bool share_an_id(const RegisterValue& a, const RegisterValue& b) {
  return std::any_of(a.begin(), a.end() - 1,
                     [&](std::int64_t id) { return std::find(b.begin(), b.end() - 1, id) != b.end() - 1; });
}

}  // namespace

void SwitchState::set(SwitchStep& step, const SwitchRegister& at, const RegisterValue& to, bool early) const {
  const auto known = now_.find(at);
  const RegisterValue& from = known == now_.end() ? nothing : known->second;
  if (from == to) return;
  const bool first = used_.count(at) == 0;
  (early && first ? step.with_design : step.written).push_back({at, &from, &to});
}

// So that a port has the slots of `next`.
void SwitchState::slots(SwitchStep& step, SwitchRegister port, const SwitchRegisters& next) const {
  const Slots had(now_, port), wanted(next, port);
  std::vector<const RegisterValue*> fresh;
  std::vector<int> kept;
  for (const auto& [number, slot] : wanted) {
    const auto same = std::find_if(had.begin(), had.end(), [&, &s = slot](const auto& h) { return h.second == s; });
    if (same == had.end())
      fresh.push_back(&slot);
    else
      kept.push_back(same->first.slot);
  }
  const auto among = [](const std::vector<int>& numbers, int number) {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  };
  // Slots that would take what is not theirs first, then those that are free.
  std::vector<int> places;
  for (const auto& [at, slot] : had)
    if (!among(kept, at.slot) &&
        std::any_of(wanted.begin(), wanted.end(), [&, &s = slot](const auto& w) { return share_an_id(w.second, s); }))
      places.push_back(at.slot);
  const std::size_t wrong = places.size();
  for (int number = 0; places.size() < std::max(wrong, fresh.size()); ++number)
    if (!among(kept, number) && !among(places, number)) places.push_back(number);
  const auto seen = seen_.find({port.tile, port.port});
  for (std::size_t p = 0; p < places.size(); ++p) {
    port.slot = places[p];
    const bool taken = p < fresh.size();
    const bool unseen =
        taken && (seen == seen_.end() || std::none_of(fresh[p]->begin(), fresh[p]->end() - 1,
                                                      [&](std::int64_t id) { return seen->second.count(id) > 0; }));
    set(step, port, taken ? *fresh[p] : nothing, unseen);
  }
}

// `fresh`: slave ports that no stream came by before.
void SwitchState::masters(SwitchStep& step, const SwitchRegisters& next, const std::set<Port>& fresh) const {
  for (const auto& [at, value] : now_)  // those that would send on what another port takes now
    if (at.master && value.front() < 0 && next.count(at) == 0 &&
        next.count({at.tile, false, static_cast<int>(-1 - value.front()), -1}) > 0)
      set(step, at, nothing, false);
  for (const auto& [at, value] : next) {
    if (!at.master) continue;
    const bool early = value.front() >= 0 || fresh.count({at.tile, static_cast<int>(-1 - value.front())}) > 0;
    set(step, at, value, early);
  }
}

SwitchStep SwitchState::step_to(const SwitchRegisters& next) const {
  SwitchStep step;
  std::set<Port> fresh;
  for (const auto& [at, value] : next) {
    if (at.master || at.slot >= 0) continue;
    if (used_.count(at) == 0) fresh.emplace(at.tile, at.port);
    set(step, at, value, true);
    if (value.front() == 1) slots(step, at, next);
  }
  masters(step, next, fresh);
  for (std::vector<RegisterSetting>* settings : {&step.written, &step.with_design})
    std::sort(settings->begin(), settings->end(),
              [](const RegisterSetting& a, const RegisterSetting& b) { return a.at < b.at; });
  return step;
}

void SwitchState::take(const SwitchStep& step, const SwitchRegisters& next) {
  std::vector<std::pair<SwitchRegister, RegisterValue>> values;  // settings name values that go now
  for (const std::vector<RegisterSetting>* settings : {&step.written, &step.with_design})
    for (const RegisterSetting& setting : *settings) values.emplace_back(setting.at, *setting.to);
  for (auto& [at, value] : values) {
    used_.insert(at);
    if (value.empty())
      now_.erase(at);
    else
      now_[at] = std::move(value);
  }
  for (const auto& [at, value] : next)
    if (at.slot >= 0) seen_[{at.tile, at.port}].insert(value.begin(), value.end() - 1);
}

std::vector<RegisterChange> SwitchState::go_on(const SwitchRegisters& next) {
  const SwitchStep step = step_to(next);
  std::vector<RegisterChange> written;
  for (const RegisterSetting& setting : step.written) written.push_back({setting.at, *setting.from, *setting.to});
  take(step, next);
  return written;
}

}  // namespace tessera::route
