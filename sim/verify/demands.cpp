#include <fmt/format.h>

#include "sim/verify/machine.h"

namespace tessera::verify {

void Machine::check_demands(program::EngineId id) {
  if (demands_ == nullptr) return;
  const auto mine = demands_->find(id);
  if (mine == demands_->end()) return;
  const Engine& e = engines_[id];
  const std::size_t step = map_.is_channel(id) ? static_cast<std::size_t>(e.executed) : e.at;
  std::size_t& met = met_[id];
  for (; met < mine->second.size() && mine->second[met].step == step; ++met) {
    const Demand& d = mine->second[met];
    if (clocks_.known(id, d.channel) < d.transfers) report_demand(id, d);
  }
}

void Machine::report_demand(program::EngineId id, const Demand& d) {
  const Engine& e = engines_[id];
  if (map_.is_channel(id)) {
    const program::ControlOp& write = p_.engines[d.channel].control[static_cast<std::size_t>(d.transfers - 1)];
    return findings_.at(id, e.at, e.transfer->layer,
                        fmt::format("may send before the switch of {} is written", map_.tile_name(write.tile)),
                        fmt::format("legal: once operation {} of {} is over", d.transfers, map_.name(d.channel)));
  }
  const program::ControlOp& op = *e.control;
  const std::string other = map_.name(d.channel);
  switch (op.kind) {
    case program::ControlKind::push_task:
      return findings_.at(
          id, e.at, op.layer,
          fmt::format("pushes a task to {} while {} may be queued or running", other, int{arch::queued_tasks}),
          fmt::format("legal: up to {} at a time", arch::queued_tasks));
    case program::ControlKind::write_switch:
      return findings_.at(id, e.at, op.layer,
                          fmt::format("the switch of {} is written while transfer {} of {}, which goes by what is "
                                      "written, may not be over",
                                      map_.tile_name(op.tile), d.transfers - 1, other),
                          "legal: once a token says that it is over");
    default:
      return findings_.at(id, e.at, op.layer,
                          fmt::format("descriptor {} is {} while a task of {} that uses it may be queued or running",
                                      int{op.descriptor},
                                      op.kind == program::ControlKind::patch_address ? "patched" : "written", other),
                          "legal: once a token says that the task is complete");
  }
}

}  // namespace tessera::verify
