#include "sim/control/switch_gates.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "sim/base/maximum.h"

namespace tessera::control {
namespace {

using program::EngineId;
using program::EngineKind;
using program::Transfer;

using Row = SwitchGates::Row;

void raise(Row& row, const program::Wait& w) {
  std::int32_t& tasks = row[static_cast<std::size_t>(w.engine)];
  tasks = std::max(tasks, w.tasks);
}
void raise(Row& row, const std::vector<program::Wait>& waits) {
  for (const program::Wait& w : waits) raise(row, w);
}

std::vector<program::Wait> waits_of(const Row& row) {
  std::vector<program::Wait> waits;
  waits.reserve(row.size() - static_cast<std::size_t>(std::count(row.begin(), row.end(), nothing_awaited)));
  for (std::size_t e = 0; e < row.size(); ++e)
    if (row[e] != nothing_awaited) waits.push_back({static_cast<EngineId>(e), row[e]});
  return waits;
}

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

  program::SwitchWrite move(const program::SwitchWrite& write) {
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
  std::vector<program::TransferAt> begins(const program::TransferAt& at) {
    if (!of_core(at.channel)) return {at};
    const std::pair<program::TileId, int> of{map_.info(at.channel).tile, transfer(at).layer};
    const auto [known, fresh] = begins_.try_emplace(of);
    if (fresh) known->second = inputs_of(of.first, of.second);
    return known->second;
  }
  std::vector<program::TransferAt> inputs_of(program::TileId tile, int layer) const {
    std::vector<program::TransferAt> inputs, weights;
    for (EngineId e = 0; e < map_.first_controller(); ++e) {
      if (map_.info(e).tile != tile || map_.info(e).kind != EngineKind::s2mm) continue;
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
  std::map<std::pair<program::TileId, int>, std::vector<program::TransferAt>> begins_;  // what was asked for
};

bool holds(const std::vector<program::Wait>& waits, const program::Wait& wait) {
  return std::any_of(waits.begin(), waits.end(),
                     [&](const program::Wait& w) { return w.engine == wait.engine && w.tasks >= wait.tasks; });
}

// What is known once the write has come.
std::vector<std::int32_t> known_after(const SwitchGates& gates, std::size_t write, const FreeRun& run) {
  std::vector<std::int32_t> known(run.width, 0);
  for (const program::Wait& w : gates.after(write))
    if (const std::int32_t* row = w.tasks > 0 ? run.known(w.engine, w.tasks) : nullptr)
      raise_to(known.data(), row, run.width);
  return known;
}

// What writes come after by themselves, one behind the other: that is asked for once for each transfer that comes after
// them.
class OwnWaits {
 public:
  explicit OwnWaits(const SwitchGates& gates) {
    for (std::size_t k = 0; k < gates.writes.size(); ++k) {
      for (const auto* list : {&gates.writes[k].after, &gates.missing[k]})
        waits_.insert(waits_.end(), list->begin(), list->end());
      end_.push_back(waits_.size());
    }
  }
  void raise(Row& row, std::size_t write) const {
    for (std::size_t w = write == 0 ? 0 : end_[write - 1]; w < end_[write]; ++w) control::raise(row, waits_[w]);
  }

 private:
  std::vector<program::Wait> waits_;
  std::vector<std::size_t> end_;  // by write
};

}  // namespace

std::vector<program::Wait> SwitchGates::after(std::size_t write) const {
  Row row = earlier[earlier_of[write]];
  raise(row, writes[write].after);
  std::vector<program::Wait> waits = waits_of(row);
  waits.insert(waits.end(), missing[write].begin(), missing[write].end());
  return waits;
}

bool SwitchGates::over(std::size_t write, const std::vector<std::int32_t>& known) const {
  const Row& before = earlier[earlier_of[write]];
  const auto is_known = [&](const program::Wait& w) { return known[static_cast<std::size_t>(w.engine)] >= w.tasks; };
  return std::all_of(writes[write].after.begin(), writes[write].after.end(), is_known) &&
         std::all_of(missing[write].begin(), missing[write].end(), is_known) &&
         std::equal(before.begin(), before.end(), known.begin(), std::less_equal<>());
}

SwitchGates gates_of(const program::Program& program, const program::EngineMap& map,
                     const std::vector<program::SwitchWrite>& writes, bool many_tokens) {
  SwitchGates gates;
  gates.at.resize(program.engines.size());
  if (writes.empty()) return gates;
  Mover mover(program, map, many_tokens);
  struct Tile {
    int set = -1;
    Row awaited;  // so far
  };
  std::map<program::TileId, Tile> tiles;
  for (const program::SwitchWrite& write : writes) {
    gates.writes.push_back(mover.move(write));
    Tile& tile = tiles[write.tile];
    tile.awaited.resize(program.engines.size(), nothing_awaited);
    if (write.set != tile.set) gates.earlier.push_back(tile.awaited);
    tile.set = write.set;
    gates.earlier_of.push_back(gates.earlier.size() - 1);
    raise(tile.awaited, gates.writes.back().after);
    for (const program::TransferAt& t : gates.writes.back().before)
      gates.at[static_cast<std::size_t>(t.channel)].emplace_back(t.number, gates.writes.size() - 1);
  }
  gates.missing.resize(writes.size());
  for (auto& list : gates.at) std::sort(list.begin(), list.end());
  return gates;
}

bool add_missing(SwitchGates& gates, const std::vector<program::SwitchWrite>& writes, const FreeRun& run) {
  bool added = false;
  for (std::size_t k = 0; k < writes.size(); ++k) {
    const Row& earlier = gates.earlier[gates.earlier_of[k]];
    std::vector<std::int32_t> known;  // where it has to be found out
    for (const program::Wait& w : writes[k].after) {
      if (earlier[static_cast<std::size_t>(w.engine)] >= w.tasks || holds(gates.writes[k].after, w) ||
          holds(gates.missing[k], w))
        continue;
      if (known.empty()) known = known_after(gates, k, run);
      if (known[static_cast<std::size_t>(w.engine)] >= w.tasks) continue;
      for (std::size_t later = k; later < writes.size(); ++later)
        if (later == k || (writes[later].tile == writes[k].tile && writes[later].set > writes[k].set))
          gates.missing[later].push_back(w);
      added = true;
    }
  }
  return added;
}

program::Program with_gates(program::Program program, const SwitchGates& gates) {
  Row waits(program.engines.size());
  const OwnWaits own(gates);
  for (std::size_t e = 0; e < gates.at.size(); ++e) {
    if (gates.at[e].empty()) continue;
    const std::vector<std::int32_t> order = program::execution_order(program.engines[e].steps);
    std::vector<std::pair<std::int32_t, std::size_t>> gated;  // indices of transfers, and the writes before them
    for (const auto& [number, write] : gates.at[e]) gated.emplace_back(order[static_cast<std::size_t>(number)], write);
    std::sort(gated.begin(), gated.end());
    for (auto gate = gated.begin(); gate != gated.end();) {
      Transfer& t = program.engines[e].transfers[static_cast<std::size_t>(gate->first)];
      const auto first = program.waits.begin() + t.wait0;
      std::fill(waits.begin(), waits.end(), nothing_awaited);
      raise(waits, {first, first + t.wait_count});
      std::size_t raised = gates.earlier.size();  // with which of `earlier`
      for (const std::int32_t at = gate->first; gate != gated.end() && gate->first == at; ++gate) {
        own.raise(waits, gate->second);
        const std::size_t earlier = gates.earlier_of[gate->second];
        if (earlier != raised) raise_to(waits.data(), gates.earlier[earlier].data(), waits.size());
        raised = earlier;
      }
      const std::vector<program::Wait> all = waits_of(waits);
      t.wait0 = static_cast<std::uint32_t>(program.waits.size());
      t.wait_count = static_cast<std::uint32_t>(all.size());
      program.waits.insert(program.waits.end(), all.begin(), all.end());
    }
  }
  return program;
}

}  // namespace tessera::control
