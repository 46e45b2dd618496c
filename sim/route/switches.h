// What the stream switches have to do for a routing. Packets are needed where routes of a stream part, where streams
// share a link and part behind it, and where a port sends what several others take; all else is joined by circuits,
// through which packets pass as they are. A slave port that takes packets has a slot for each way out (a set of master
// ports) that its packets take; the ids of one way are taken to share a slot by its mask. Ways that share a port have
// one arbiter, which tells few of them apart: its selections.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/program/program.h"
#include "sim/route/grid.h"
#include "sim/route/routing.h"

namespace tessera::route {

using Way = std::uint64_t;  // master ports of a switch, by number

// Visits the ports of a way by their numbers, ascending.
template <class Visit>
void each_port(Way way, const Visit& visit) {
  for (; way != 0; way &= way - 1) visit(__builtin_ctzll(way));
}

// A route through one switch.
struct Passage {
  int stream = 0, route = 0;  // of the routing; the route as an index into Stream::routes
  int slave = 0;
  Way way = 0;
};
// By tile, ordered by slave port, stream and route.
using Passages = std::vector<std::vector<Passage>>;
Passages passages_of(const Grid& grid, const program::EngineMap& map, const std::vector<program::Route>& routes,
                     const Routing& routing);

struct SwitchNeeds {
  int arbiters = 0;
  int selections = 0;   // of the arbiter with most
  int slots = 0;        // of the slave port with most
  Way packets_in = 0;   // slave ports that take packets
  Way most_joined = 0;  // master ports of the arbiter with most selections
  int beyond = 0;       // selections and slots beyond those that there are, summed over arbiters and ports
  // How far it is beyond what a switch has.
  int excess(const arch::StreamSpec& stream) const;
};
// `packets`: slave ports that take packets in any case.
SwitchNeeds needs_of(const std::vector<Passage>& passages, const arch::StreamSpec& stream, Way packets = 0);
SwitchNeeds needs_of(const Passages& passages, const Routing& routing, program::TileId tile,
                     const arch::StreamSpec& stream);

}  // namespace tessera::route
