#include "sim/schedule/network_pass.h"
#include "sim/schedule/placement.h"

namespace tessera::schedule {

// Tiles of whole pool windows may divide worse among the cores, and the map before the pool takes core memory.
void weigh_pool(Walk& w, const network::Layer& conv) {
  Draft& d = w.draft;
  const network::LayerId pool = d.fused[conv.id];
  if (pool < 0 || w.in.layer(pool).op != network::Op::maxpool) return;
  const bool in_ddr = d.of(conv.inputs[0]).in_ddr;
  const auto cost = [&](const Unit& u, bool input_in_ddr, bool output_in_ddr) {
    return w.search.cost(d, u, {0, u.geometry.out.h}, {input_in_ddr, output_in_ddr, free_staging(w.in, d.memory), 1});
  };
  const bool spills = !fits(w.in, d, conv.id), pool_spills = !fits(w.in, d, pool);
  const auto together = cost(unit_of(w.in, conv, pool), in_ddr, pool_spills);
  const auto first = cost(unit_of(w.in, conv, -1), in_ddr, spills);
  const auto second = cost(unit_of(w.in, w.in.layer(pool), -1), spills, pool_spills);
  if (!first || !second || (together && *first + *second >= *together)) return;
  d.fused[conv.id] = -1;
  d.fused_into[pool] = -1;
  find_last_uses(w.in, d);
}

}  // namespace tessera::schedule
