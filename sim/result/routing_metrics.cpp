#include "sim/result/routing_metrics.h"

namespace tessera::result {

void add_routing(std::vector<Metric<DensityResult>>& table) {
  const std::vector<Metric<DensityResult>> lines{
      {"routing", "", "How the streams go through the switches of the array.", "see routing.*", {}},
      {"routing.streams", "streams", "Outbound DMA channels that send.", "counted",
       field<&DensityResult::routing, &Routing::streams>()},
      {"routing.routes", "routes", "Sets of receivers that they send to.", "counted",
       field<&DensityResult::routing, &Routing::routes>()},
      {"routing.links", "links", "Links between the switches of neighbouring tiles.",
       "stream.* of the hardware file, over all tiles", field<&DensityResult::routing, &Routing::links>()},
      {"routing.used_links", "links", "Those that streams take, in the set of routes that takes most.", "counted",
       field<&DensityResult::routing, &Routing::used_links>()},
      {"routing.fullest", "", "The side of a tile with the largest share of its links in use.", "observed",
       field<&DensityResult::routing, &Routing::fullest>()},
      {"routing.fullest_share", "share", "That share.", "links in use / links of the side",
       field<&DensityResult::routing, &Routing::fullest_share>()},
      {"routing.shared_links", "links",
       "Links that carry packets of several streams, as there are fewer links than streams, or too few arbiters or "
       "slots for streams apart; in the set of routes with most. That a link is taken by another stream takes no time "
       "in the simulation.",
       "counted", field<&DensityResult::routing, &Routing::shared_links>()},
      {"routing.shared_us", "us",
       "What shared links need for their bytes at the least: where it is more than latency_us, the latency is too low. "
       "Absent where no link is shared.",
       "sum over the sets of routes of: bytes of the busiest shared link / stream.bytes_per_cycle",
       field<&DensityResult::routing, &Routing::shared_us>()},
      {"routing.sets", "sets", "Sets of routes that the switches have one after the other.",
       "layers that follow each other have one as long as streams find links for themselves",
       field<&DensityResult::routing, &Routing::sets>()},
      {"routing.port_writes", "registers",
       "Registers of switches that have another value afterwards: ports, and slots of ports that take packets. What no "
       "stream meets before comes with the design.",
       "counted", field<&DensityResult::routing, &Routing::port_writes>()},
      {"routing.write_blocks", "blocks",
       "Blocks of registers that follow each other, which hold them: an operation each where there are controllers.",
       "counted; what lies between is written with the value that it has, where that takes less time",
       field<&DensityResult::routing, &Routing::write_blocks>()},
      {"routing.changed_ids", "ids",
       "Times that a route has another packet id than in the set that last had it. Descriptors hold the id; those that "
       "both sets use are not written again for that.",
       "counted", field<&DensityResult::routing, &Routing::changed_ids>()},
      {"routing.overfull_sets", "sets",
       "Sets of routes for which no way was found that every switch has arbiters, selections, slots and ids for.",
       "counted", field<&DensityResult::routing, &Routing::overfull_sets>()},
      {"routing.overfull_switches", "switches", "Switches that lack something, in the set with most of them.",
       "counted", field<&DensityResult::routing, &Routing::overfull_switches>()},
      {"routing.overfull", "", "The first of them, and what it would need.", "observed",
       field<&DensityResult::routing, &Routing::overfull>()},
      {"routing.impossible_sets", "sets",
       "Those of them that cannot be built, whichever links streams take, if switches are written between layers "
       "alone.",
       "routes of a channel beyond the packet ids, sets of channels of a tile beyond the selections of an arbiter, or "
       "streams beyond the links where there are no arbiters",
       field<&DensityResult::routing, &Routing::impossible_sets>()},
      {"routing.impossible", "", "Why the first of them cannot be built.", "observed",
       field<&DensityResult::routing, &Routing::impossible>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

}  // namespace tessera::result
