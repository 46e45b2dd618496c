#include "sim/verify/switches.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::verify {
namespace {

using program::ControlOp;
using program::EngineId;

class Switches {
 public:
  Switches(const program::Program& p, const program::EngineMap& map, const std::vector<program::SwitchWrite>& writes,
           Findings& f, Demands& demands)
      : p_(p), map_(map), writes_(writes), f_(f), demands_(demands) {
    for (std::size_t k = 0; k < writes.size(); ++k)
      if (!writes[k].before.empty()) expected_[writes[k].tile].push_back(k);
  }

  void run() {
    for (EngineId c = map_.first_controller(); c < map_.count() && !f_.full(); ++c) {
      const std::vector<ControlOp>& list = p_.engines[static_cast<std::size_t>(c)].control;
      for (std::size_t s = 0; s < list.size(); ++s)
        if (list[s].kind == program::ControlKind::write_switch) write(c, s, list[s]);
    }
    for (const auto& [tile, open] : expected_)
      if (!open.empty())
        f_.add("switch of " + map_.tile_name(tile),
               fmt::format("registers {} to {} are not written, and streams go other ways later",
                           writes_[open.front()].first, writes_[open.front()].first + writes_[open.front()].words - 1));
    // In the order in which they are met.
    for (auto& [engine, list] : demands_)
      std::stable_sort(list.begin(), list.end(), [](const Demand& a, const Demand& b) { return a.step < b.step; });
  }

 private:
  void write(EngineId controller, std::size_t step, const ControlOp& op) {
    if (op.tile < 0 || op.tile >= map_.tile_count())
      return f_.at(controller, step, op.layer, fmt::format("writes the switch of tile {}", int{op.tile}));
    const std::string name = "switch of " + map_.tile_name(op.tile);
    if (map_.switch_controller_of(op.tile) != controller)
      return f_.at(controller, step, op.layer, "writes the " + name,
                   "legal: " + map_.name(map_.switch_controller_of(op.tile)));
    std::vector<std::size_t>& open = expected_[op.tile];
    const auto found = std::find_if(open.begin(), open.end(), [&](std::size_t k) {
      return writes_[k].set == writes_[open.front()].set && writes_[k].first == op.first &&
             writes_[k].words == op.words;
    });
    if (found == open.end())
      return f_.at(controller, step, op.layer,
                   fmt::format("writes registers {} to {} of the {}", int{op.first}, op.first + op.words - 1, name),
                   open.empty() ? "legal: what routes of later layers need, once"
                                : fmt::format("legal: registers {} to {}, as the routes of later layers need",
                                              writes_[open.front()].first,
                                              writes_[open.front()].first + writes_[open.front()].words - 1));
    const program::SwitchWrite& block = writes_[*found];
    open.erase(found);
    for (const program::Wait& w : block.after) demands_[controller].push_back({step, w.engine, w.tasks});
    for (const program::TransferAt& t : block.before)
      demands_[t.channel].push_back(
          {static_cast<std::size_t>(t.number), controller, static_cast<std::int64_t>(step) + 1});
  }

  const program::Program& p_;
  const program::EngineMap& map_;
  const std::vector<program::SwitchWrite>& writes_;
  Findings& f_;
  Demands& demands_;
  std::map<program::TileId, std::vector<std::size_t>> expected_;  // by tile: those to come, in order
};

}  // namespace

bool awaits_controller(const program::ControlOp& op, EngineId who, const program::EngineMap& map) {
  const auto packets = [&](EngineId e) {
    return e >= map.first_controller() && e < map.count() && map.info(e).tile_kind == program::TileKind::shim;
  };
  return op.kind == program::ControlKind::await_token && op.channel != who && packets(op.channel) && packets(who);
}

void check_switches(const program::Program& program, const program::EngineMap& map,
                    const std::vector<program::SwitchWrite>& writes, Findings& findings, Demands& demands) {
  Switches(program, map, writes, findings, demands).run();
}

}  // namespace tessera::verify
