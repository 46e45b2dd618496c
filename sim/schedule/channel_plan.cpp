#include "sim/schedule/channel_plan.h"

#include <algorithm>

namespace tessera::schedule {

mapping::Channels plan_channels(const cost::LayerContext& c, const mapping::Partition& p, const arch::ArraySpec& a) {
  mapping::Channels plan;
  const int out = a.memtile.dma.mm2s;
  const network::Shape& shape = c.layer->out;
  const Bytes output = Bytes{shape.h} * shape.w * network::stored_channels(shape.c);
  const bool mostly_output =
      c.in_ddr.output && (c.weights == nullptr || output > c.weights->blocks() * c.weights->block_bytes());
  const int streams = static_cast<int>(ceil_div(static_cast<int>(p.weights.size()), a.memtiles()));
  const int kept = std::min(out - 1, p.lanes + (c.operand ? 2 : 0) + (mostly_output ? a.shim.dma.s2mm : 0));
  plan.weights = std::clamp(streams, streams == 0 ? 0 : 1, out - kept);
  plan.acts = std::max(1, out - plan.weights);
  if (c.in_ddr.output) {
    plan.spills = std::clamp(plan.acts - p.lanes, 1, a.shim.dma.s2mm);
    if (plan.acts > plan.spills) plan.acts -= plan.spills;
  }
  const int in = a.memtile.dma.s2mm;
  const int results = static_cast<int>(ceil_div(a.rows, a.memtile_rows));
  // Two of AIE2's six, more where results leave them; of fewer than six just one, as results need the others.
  plan.loads = std::min({in - 1, a.shim.dma.mm2s, std::max(in / 3, in - results)});
  plan.results = in - plan.loads;
  return plan;
}

}  // namespace tessera::schedule
