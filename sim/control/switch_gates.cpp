#include "sim/control/switch_gates.h"

#include <algorithm>
#include <map>
#include <set>

namespace tessera::control {
namespace {

using program::EngineId;
using program::EngineKind;
using program::Transfer;

class Mover {
 public:
  Mover(const program::Program& p, const program::EngineMap& map, bool many_tokens)
      : p_(p), map_(map), many_tokens_(many_tokens) {
    for (EngineId e = 0; e < map.first_controller(); ++e) {
      const program::EngineProgram& engine = p.engines[static_cast<std::size_t>(e)];
      order_.push_back(program::execution_order(engine.steps));
      if (!map.is_channel(e)) {
        count_calls(e);
        continue;
      }
      for (std::size_t n = 0; n < order_.back().size(); ++n) {
        const Transfer& t = engine.transfers[static_cast<std::size_t>(order_.back()[n])];
        const auto number = static_cast<std::int32_t>(n);
        const EngineId source = p.routes[static_cast<std::size_t>(t.route)].source;
        if (map.info(e).kind == EngineKind::mm2s)
          first_.emplace(std::pair(t.route, t.layer), number);
        else if (of_core(source) && !of_core(e))
          last_[{e, t.layer}] = number + 1;
        if (of_core(source) && !of_core(e)) sinks_[{map.info(source).tile, t.layer}].insert(e);
      }
    }
  }

  program::SwitchWrite move(const program::SwitchWrite& write) const {
    std::map<EngineId, std::int32_t> after, before;
    for (const program::Wait& w : write.after)
      for (const program::Wait& moved : over(w)) after[moved.engine] = std::max(after[moved.engine], moved.tasks);
    for (const program::TransferAt& t : write.before)
      for (const program::TransferAt& moved : begins(t)) {
        const auto [known, fresh] = before.emplace(moved.channel, moved.number);
        if (!fresh) known->second = std::min(known->second, moved.number);
      }
    program::SwitchWrite result{write.tile, write.set, write.first, write.words, {}, {}};
    for (const auto& [engine, tasks] : after) result.after.push_back({engine, tasks});
    for (const auto& [channel, number] : before) result.before.push_back({channel, number});
    return result;
  }

 private:
  bool of_core(EngineId e) const { return map_.info(e).tile_kind == program::TileKind::compute; }
  const Transfer& transfer(const program::TransferAt& at) const {
    return p_.engines[static_cast<std::size_t>(at.channel)].transfers[static_cast<std::size_t>(
        order_[static_cast<std::size_t>(at.channel)][static_cast<std::size_t>(at.number)])];
  }
  void count_calls(EngineId core) {
    const program::EngineProgram& engine = p_.engines[static_cast<std::size_t>(core)];
    std::int32_t calls = 0;
    for (const std::int32_t i : order_.back()) {
      const program::CoreInstr& c = engine.core[static_cast<std::size_t>(i)];
      if (c.op == program::CoreOp::kernel) calls_[{core, c.layer}] = ++calls;
    }
  }

  // Where tokens cost little, the channel of a compute tile tells that what comes in is over: its results come later.
  // Otherwise that is over once the last results of the layer are where those of its core go to, or the
  // core is through with the layer; results once the last of the layer is there, so that few tokens are awaited.
  std::vector<program::Wait> over(const program::Wait& w) const {
    if (many_tokens_ && of_core(w.engine)) return {w};
    const int layer = transfer({w.engine, w.tasks - 1}).layer;
    if (!of_core(w.engine)) {
      const auto last = last_.find({w.engine, layer});
      return {last == last_.end() ? w : program::Wait{w.engine, std::max(w.tasks, last->second)}};
    }
    const program::EngineMap::Info& info = map_.info(w.engine);
    const auto sinks = sinks_.find({info.tile, layer});
    if (sinks != sinks_.end()) {
      std::vector<program::Wait> waits;
      for (const EngineId sink : sinks->second) waits.push_back({sink, last_.at({sink, layer})});
      return waits;
    }
    const auto calls = calls_.find({map_.core(info.row, info.col), layer});
    return {calls == calls_.end() ? w : program::Wait{calls->first.first, calls->second}};
  }

  // The transfers of controllers' channels that come before it: what its core computes the layer from, weights apart.
  std::vector<program::TransferAt> begins(const program::TransferAt& at) const {
    if (!of_core(at.channel)) return {at};
    const int layer = transfer(at).layer;
    std::vector<program::TransferAt> inputs, weights;
    for (EngineId e = 0; e < map_.first_controller(); ++e) {
      if (map_.info(e).tile != map_.info(at.channel).tile || map_.info(e).kind != EngineKind::s2mm) continue;
      for (const Transfer& t : p_.engines[static_cast<std::size_t>(e)].transfers) {
        if (t.layer != layer) continue;
        const EngineId source = p_.routes[static_cast<std::size_t>(t.route)].source;
        const auto sent = first_.find({t.route, t.layer});
        if (sent == first_.end() || of_core(source)) continue;
        (t.payload == program::Payload::weights ? weights : inputs).push_back({source, sent->second});
        break;
      }
    }
    return inputs.empty() ? weights : inputs;
  }

  const program::Program& p_;
  const program::EngineMap& map_;
  const bool many_tokens_;
  std::vector<std::vector<std::int32_t>> order_;                         // by engine
  std::map<std::pair<EngineId, int>, std::int32_t> calls_;               // of a core once it is through with a layer
  std::map<std::pair<int, int>, std::int32_t> first_;                    // by route and layer: at its source
  std::map<std::pair<EngineId, int>, std::int32_t> last_;                // by receiver and layer: results arrived
  std::map<std::pair<program::TileId, int>, std::set<EngineId>> sinks_;  // by tile and layer: who receives its results
};

// Writes of a tile for one set of routes come before those for the next.
struct Former {
  int set = -1;
  std::map<EngineId, std::int32_t> after, of_set;  // of sets before, and of this one

  void join(program::SwitchWrite& write) {
    if (write.set != set) {
      set = write.set;
      for (const auto& [engine, tasks] : of_set) after[engine] = std::max(after[engine], tasks);
      of_set.clear();
    }
    for (const program::Wait& w : write.after) of_set[w.engine] = std::max(of_set[w.engine], w.tasks);
    std::map<EngineId, std::int32_t> all = after;
    for (const program::Wait& w : write.after) all[w.engine] = std::max(all[w.engine], w.tasks);
    write.after.clear();
    for (const auto& [engine, tasks] : all) write.after.push_back({engine, tasks});
  }
};

bool has(const std::vector<program::Wait>& waits, const program::Wait& wait) {
  return std::any_of(waits.begin(), waits.end(),
                     [&](const program::Wait& w) { return w.engine == wait.engine && w.tasks >= wait.tasks; });
}

}  // namespace

SwitchGates gates_of(const program::Program& program, const program::EngineMap& map,
                     const std::vector<program::SwitchWrite>& writes, bool many_tokens) {
  SwitchGates gates;
  gates.at.resize(program.engines.size());
  if (writes.empty()) return gates;
  const Mover mover(program, map, many_tokens);
  std::map<program::TileId, Former> former;
  for (const program::SwitchWrite& write : writes) {
    gates.writes.push_back(mover.move(write));
    former[write.tile].join(gates.writes.back());
    for (const program::TransferAt& t : gates.writes.back().before)
      gates.at[static_cast<std::size_t>(t.channel)].emplace_back(t.number, gates.writes.size() - 1);
  }
  for (auto& list : gates.at) std::sort(list.begin(), list.end());
  return gates;
}

bool add_missing(SwitchGates& gates, const std::vector<program::SwitchWrite>& writes, const FreeRun& run) {
  bool added = false;
  std::vector<std::int32_t> known;
  for (std::size_t k = 0; k < writes.size(); ++k) {
    std::vector<program::Wait>& after = gates.writes[k].after;
    known.assign(run.width, 0);
    for (const program::Wait& w : after)
      if (const std::int32_t* row = w.tasks > 0 ? run.known(w.engine, w.tasks) : nullptr)
        for (std::size_t i = 0; i < run.width; ++i) known[i] = std::max(known[i], row[i]);
    for (const program::Wait& w : writes[k].after) {
      if (known[static_cast<std::size_t>(w.engine)] >= w.tasks || has(after, w)) continue;
      for (std::size_t later = k; later < writes.size(); ++later)
        if (later == k || (writes[later].tile == writes[k].tile && writes[later].set > writes[k].set))
          gates.writes[later].after.push_back(w);
      added = true;
    }
  }
  return added;
}

program::Program with_gates(program::Program program, const SwitchGates& gates) {
  for (std::size_t e = 0; e < gates.at.size(); ++e) {
    if (gates.at[e].empty()) continue;
    const std::vector<std::int32_t> order = program::execution_order(program.engines[e].steps);
    std::map<std::int32_t, std::map<EngineId, std::int32_t>> more;  // by index of the transfer
    for (const auto& [number, write] : gates.at[e])
      for (const program::Wait& w : gates.writes[write].after) {
        std::int32_t& tasks = more[order[static_cast<std::size_t>(number)]][w.engine];
        tasks = std::max(tasks, w.tasks);
      }
    for (auto& [at, waits] : more) {
      Transfer& t = program.engines[e].transfers[static_cast<std::size_t>(at)];
      for (std::uint32_t w = t.wait0; w < t.wait0 + t.wait_count; ++w) {
        const auto known = waits.emplace(program.waits[w].engine, program.waits[w].tasks).first;
        known->second = std::max(known->second, program.waits[w].tasks);
      }
      t.wait0 = static_cast<std::uint32_t>(program.waits.size());
      t.wait_count = static_cast<std::uint32_t>(waits.size());
      for (const auto& [engine, tasks] : waits) program.waits.push_back({engine, tasks});
    }
  }
  return program;
}

}  // namespace tessera::control
