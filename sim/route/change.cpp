#include "sim/route/change.h"

#include "sim/route/packets.h"

namespace tessera::route {

Change change_to(const Device& device, const std::vector<program::Route>& routes, const SwitchState& now,
                 const std::vector<int>& former, const Built& built) {
  const Passages passages = passages_of(device.grid, device.map, routes, built.routing);
  const auto change_of = [&](const Routing& routing) {
    Change change{registers_of(device, passages, routing), {}, 0, {}};
    change.step = now.step_to(change.registers);
    change.price = price_of(device, change.step.written);
    return change;
  };
  Change change = change_of(built.routing);
  if (!built.complete() || former.empty()) return change;
  std::optional<Routing> packed = keep_packets(device, passages, now.now(), former, built.routing);
  if (!packed) return change;
  Change other = change_of(*packed);
  if (other.price > change.price) return change;
  other.packed = std::move(packed);
  return other;
}

}  // namespace tessera::route
