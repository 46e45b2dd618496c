#include "sim/route/switch_writes.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace tessera::route {
namespace {

using program::EngineId;
using Numbers = std::vector<std::pair<EngineId, std::int32_t>>;

template <class T>
bool among(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

constexpr std::int32_t none = -1;  // transfer or task

// What goes by a route in a set: number of the first transfer at its source, in this set and those after,
// and tasks of its receivers, in this set and those before.
struct Use {
  std::size_t set = 0;
  std::int32_t first = none;
  Numbers last;
};

// How a route goes through the switch of one tile, and its use in the sets in which it does, ascending.
struct Visit {
  Way way = 0;
  int slave = 0, id = 0, route = 0;
  std::vector<Use> uses;
  auto key() const { return std::tie(slave, way, id, route); }
};

// A number for some of the engines.
class Row {
 public:
  explicit Row(int engines) : numbers_(index(engines), none) {}
  void lower(EngineId e, std::int32_t to) {
    std::int32_t& number = numbers_[index(e)];
    number = number == none ? to : std::min(number, to);
  }
  void raise(const Numbers& to) {
    for (const auto& [e, number] : to) numbers_[index(e)] = std::max(numbers_[index(e)], number);
  }
  // All of them, ascending, which are gone then.
  template <class Number>
  std::vector<Number> take() {
    std::vector<Number> list;
    for (std::size_t e = 0; e < numbers_.size(); ++e)
      if (numbers_[e] != none) list.push_back({static_cast<EngineId>(e), std::exchange(numbers_[e], none)});
    return list;
  }

 private:
  std::vector<std::int32_t> numbers_;
};

// Which streams of any set a block of registers concerns.
struct Concern {
  Way slaves = 0;   // all that they take
  Way masters = 0;  // all that these send
  Way slotted = 0;  // slave ports of `slots` and `ids`
  std::vector<std::pair<int, Way>> slots;
  std::vector<std::pair<int, std::int64_t>> ids;  // by slave port

  explicit Concern(const RegisterBlock& block) {
    for (const RegisterChange& change : block.changes)
      for (const RegisterValue* value : {&change.from, &change.to}) add(change.at, *value);
  }
  bool holds(const Visit& v) const {
    if ((slaves >> v.slave & 1) != 0 || (v.way & masters) != 0) return true;
    if ((slotted >> v.slave & 1) == 0) return false;
    return among(slots, {v.slave, v.way}) || among(ids, {v.slave, v.id});
  }

 private:
  void add(const SwitchRegister& at, const RegisterValue& value) {
    if (at.master) masters |= Way{1} << at.port;
    if (!at.master && at.slot < 0) slaves |= Way{1} << at.port;
    if (value.empty()) return;
    if (at.master && value.front() < 0) slaves |= Way{1} << (-1 - value.front());
    if (at.slot < 0) return;
    slotted |= Way{1} << at.port;
    slots.emplace_back(at.port, static_cast<Way>(value.back()));
    for (auto id = value.begin(); id != value.end() - 1; ++id) ids.emplace_back(at.port, *id);
  }
};

class Writes {
 public:
  Writes(const program::Program& p, const Device& device, const Plan& plan)
      : p_(p),
        device_(device),
        plan_(plan),
        first_(plan.sets.size(), std::vector<std::int32_t>(p.routes.size(), none)),
        last_(plan.sets.size(), std::vector<Numbers>(p.routes.size())),
        visits_(index(device.grid.tiles())),
        row_(device.map.count()),
        after_(device.map.count()),
        before_(device.map.count()) {
    for (std::size_t s = 0; s < plan.sets.size(); ++s)
      for (const int layer : plan.sets[s].layers) set_of_[layer] = s;
    for (EngineId e = 0; e < device.map.first_controller(); ++e) count(e);
    for (std::size_t s = 0; s < plan.sets.size(); ++s) visit(s);
    for (std::vector<Visit>& visits : visits_) join(visits);
  }

  std::vector<program::SwitchWrite> run() {
    std::vector<program::SwitchWrite> writes;
    for (std::size_t s = 0; s < plan_.sets.size(); ++s)
      for (const RegisterBlock& block : plan_.sets[s].writes) writes.push_back(write(block, s));
    return writes;
  }

 private:
  // When the channel goes by its routes, in each set.
  void count(EngineId e) {
    const program::EngineProgram& engine = p_.engines[index(e)];
    if (engine.transfers.empty()) return;
    const bool sends = device_.map.info(e).kind == program::EngineKind::mm2s;
    std::int32_t number = 0;
    std::size_t s = 0;  // what belongs to no layer is sent with what comes before it
    for (const std::int32_t i : program::execution_order(engine.steps)) {
      const program::Transfer& t = engine.transfers[static_cast<std::size_t>(i)];
      if (const auto set = set_of_.find(t.layer); set != set_of_.end()) s = set->second;
      if (sends && first_[s][index(t.route)] == none) first_[s][index(t.route)] = number;
      ++number;
      if (sends) continue;
      Numbers& last = last_[s][index(t.route)];
      if (last.empty() || last.back().first != e) last.emplace_back(e, 0);
      last.back().second = number;
    }
  }

  void visit(std::size_t s) {
    const Routing& routing = plan_.sets[s].built.routing;
    const Passages passages = passages_of(device_.grid, device_.map, p_.routes, routing);
    for (std::size_t tile = 0; tile < passages.size(); ++tile)
      for (const Passage& p : passages[tile]) {
        const int r = routing.streams[index(p.stream)].routes[index(p.route)];
        const int id = routing.ids[index(p.stream)][index(p.route)];
        visits_[tile].push_back({p.way, p.slave, id, r, {{s, first_[s][index(r)], last_[s][index(r)]}}});
      }
  }
  // Those that are alike but for the set.
  void join(std::vector<Visit>& visits) {
    std::stable_sort(visits.begin(), visits.end(), [](const Visit& a, const Visit& b) { return a.key() < b.key(); });
    std::vector<Visit> joined;
    for (Visit& v : visits) {
      if (joined.empty() || joined.back().key() != v.key()) {
        joined.push_back(std::move(v));
        continue;
      }
      Use& use = v.uses.front();
      row_.raise(joined.back().uses.back().last);
      row_.raise(use.last);
      use.last = row_.take<Numbers::value_type>();
      joined.back().uses.push_back(std::move(use));
    }
    for (Visit& v : joined)
      for (std::size_t i = v.uses.size() - 1; i-- > 0;) {
        std::int32_t& first = v.uses[i].first;
        const std::int32_t later = v.uses[i + 1].first;
        if (first == none || (later != none && later < first)) first = later;
      }
    visits = std::move(joined);
  }

  program::SwitchWrite write(const RegisterBlock& block, std::size_t s) {
    const Concern concern(block);
    for (const Visit& v : visits_[index(block.tile)]) {
      if (!concern.holds(v)) continue;
      const auto use = std::partition_point(v.uses.begin(), v.uses.end(), [&](const Use& u) { return u.set < s; });
      if (use != v.uses.begin()) after_.raise((use - 1)->last);
      if (use != v.uses.end() && use->first != none) before_.lower(p_.routes[index(v.route)].source, use->first);
    }
    return {block.tile,  static_cast<int>(s),          block.first,
            block.words, after_.take<program::Wait>(), before_.take<program::TransferAt>()};
  }

  const program::Program& p_;
  const Device& device_;
  const Plan& plan_;
  std::map<int, std::size_t> set_of_;             // by layer
  std::vector<std::vector<std::int32_t>> first_;  // by set and route: at its source; -1: nothing goes by it
  std::vector<std::vector<Numbers>> last_;        // by set and route: tasks of its receivers
  std::vector<std::vector<Visit>> visits_;        // by tile
  Row row_;                                       // while uses are joined
  Row after_, before_;                            // of the write at hand
};

}  // namespace

std::vector<program::SwitchWrite> switch_writes(const program::Program& program, const Device& device,
                                                const Plan& plan) {
  return Writes(program, device, plan).run();
}

}  // namespace tessera::route
