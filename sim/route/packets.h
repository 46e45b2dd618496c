// Ids of packets, and ports that take packets longer than they have to.
#pragma once
#include <optional>
#include <vector>

#include "sim/route/plan.h"
#include "sim/route/registers.h"

namespace tessera::route {

// By RouteId: its id of packets; -1: none.
std::vector<int> ids_of(const Routing& routing, std::size_t routes);

// Ids: as few as tell apart, at every port that takes packets, those that leave it by different ways. `former`: by
// RouteId, those of before, which stay where they can. Beyond those that there are: some port has too many.
void give_ids(Routing& routing, const Passages& passages, const arch::StreamSpec& spec, const std::vector<int>& former);

// The routing with packets at every port that takes them now and for which arbiters, slots and ids suffice: to make a
// circuit of it, and packets again later, would be written twice, and what goes by it would wait. Nothing: there is no
// such port. `passages`: of the routing.
std::optional<Routing> keep_packets(const Device& device, const Passages& passages, const SwitchRegisters& now,
                                    const std::vector<int>& former, const Routing& routing);

// By RouteId: whether it goes as circuits wherever it goes, so that no arbiter keeps others waiting while its stream is
// on the way.
std::vector<bool> circuits_of(const Plan& plan, std::size_t routes);

}  // namespace tessera::route
