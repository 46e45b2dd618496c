#include "sim/route/switch_writes.h"

#include <algorithm>
#include <map>
#include <set>

namespace tessera::route {
namespace {

using program::EngineId;
using Numbers = std::map<EngineId, std::int32_t>;

// Which streams of any set a block of registers concerns.
struct Concern {
  Way slaves = 0;   // all that they take
  Way masters = 0;  // all that these send
  Way slotted = 0;  // slave ports of `slots` and `ids`
  std::map<int, std::set<Way>> slots;
  std::map<int, std::set<std::int64_t>> ids;  // by slave port

  explicit Concern(const RegisterBlock& block) {
    for (const RegisterChange& change : block.changes)
      for (const auto& value : {change.from, change.to}) add(change.at, value);
  }
  bool holds(const Passage& p, int id) const {
    if ((slaves >> p.slave & 1) != 0 || (p.way & masters) != 0) return true;
    return (slotted >> p.slave & 1) != 0 && (slots.at(p.slave).count(p.way) > 0 || ids.at(p.slave).count(id) > 0);
  }

 private:
  void add(const SwitchRegister& at, const RegisterValue& value) {
    if (at.master) masters |= Way{1} << at.port;
    if (!at.master && at.slot < 0) slaves |= Way{1} << at.port;
    if (value.empty()) return;
    if (at.master && value.front() < 0) slaves |= Way{1} << (-1 - value.front());
    if (at.slot < 0) return;
    slotted |= Way{1} << at.port;
    slots[at.port].insert(static_cast<Way>(value.back()));
    ids[at.port].insert(value.begin(), value.end() - 1);
  }
};

class Writes {
 public:
  Writes(const program::Program& p, const Device& device, const Plan& plan) : p_(p), device_(device), plan_(plan) {
    for (std::size_t s = 0; s < plan.sets.size(); ++s) {
      for (const int layer : plan.sets[s].layers) set_of_[layer] = s;
      passages_.push_back(passages_of(device.grid, device.map, p.routes, plan.sets[s].built.routing));
    }
    first_.resize(plan.sets.size());
    last_.resize(plan.sets.size());
    for (EngineId e = 0; e < device.map.first_controller(); ++e) count(e);
  }

  std::vector<program::SwitchWrite> run() const {
    std::vector<program::SwitchWrite> writes;
    for (std::size_t s = 0; s < plan_.sets.size(); ++s)
      for (const RegisterBlock& block : plan_.sets[s].writes) writes.push_back(write(block, s));
    return writes;
  }

 private:
  // When the channel goes by its routes, in each set.
  void count(EngineId e) {
    const program::EngineProgram& engine = p_.engines[static_cast<std::size_t>(e)];
    if (engine.transfers.empty()) return;
    const bool sends = device_.map.info(e).kind == program::EngineKind::mm2s;
    std::int32_t number = 0;
    std::size_t s = 0;  // what belongs to no layer is sent with what comes before it
    for (const std::int32_t i : program::execution_order(engine.steps)) {
      const program::Transfer& t = engine.transfers[static_cast<std::size_t>(i)];
      if (const auto set = set_of_.find(t.layer); set != set_of_.end()) s = set->second;
      if (sends)
        first_[s].emplace(t.route, number);
      else
        last_[s][{t.route, e}] = number + 1;
      ++number;
    }
  }

  program::SwitchWrite write(const RegisterBlock& block, std::size_t s) const {
    const Concern concern(block);
    Numbers after, before;
    for (std::size_t set = 0; set < plan_.sets.size(); ++set) {
      const Routing& routing = plan_.sets[set].built.routing;
      for (const Passage& p : passages_[set][index(block.tile)]) {
        if (!concern.holds(p, routing.ids[index(p.stream)][index(p.route)])) continue;
        const int r = routing.streams[index(p.stream)].routes[index(p.route)];
        const program::Route& route = p_.routes[index(r)];
        if (set >= s) {
          const auto first = first_[set].find(r);
          if (first == first_[set].end()) continue;
          const auto [known, fresh] = before.emplace(route.source, first->second);
          if (!fresh) known->second = std::min(known->second, first->second);
          continue;
        }
        for (const EngineId sink : route.sinks) {
          const auto last = last_[set].find({r, sink});
          if (last != last_[set].end()) after[sink] = std::max(after[sink], last->second);
        }
      }
    }
    program::SwitchWrite write{block.tile, static_cast<int>(s), block.first, block.words, {}, {}};
    for (const auto& [sink, tasks] : after) write.after.push_back({sink, tasks});
    for (const auto& [source, number] : before) write.before.push_back({source, number});
    return write;
  }

  const program::Program& p_;
  const Device& device_;
  const Plan& plan_;
  std::map<int, std::size_t> set_of_;                                   // by layer
  std::vector<Passages> passages_;                                      // by set
  std::vector<std::map<int, std::int32_t>> first_;                      // by set and route: at its source
  std::vector<std::map<std::pair<int, EngineId>, std::int32_t>> last_;  // by set, route and receiver: tasks
};

}  // namespace

std::vector<program::SwitchWrite> switch_writes(const program::Program& program, const Device& device,
                                                const Plan& plan) {
  return Writes(program, device, plan).run();
}

}  // namespace tessera::route
