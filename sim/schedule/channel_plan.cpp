#include "sim/schedule/channel_plan.h"

#include <algorithm>
#include <limits>

#include "sim/cost/control_time.h"

namespace tessera::schedule {
namespace {

// Every channel of results costs a serial controller a descriptor, a task and two tokens: for who reads them, and for
// who writes over them.
double channel_cycles(const arch::ArraySpec& a) { return cost::serial_cycles({1, 1, 2, 0}, a); }

// As few as carry the output in the time that they take to start; each serves as many cores as any other.
int result_channels(const mapping::Partition& p, Bytes output, int most, const arch::ArraySpec& a) {
  const int cores = static_cast<int>(ceil_div(a.rows, a.memtile_rows));
  const double rate = std::min({a.stream.bytes_per_cycle, a.tile.dma.bytes_per_cycle, a.memtile.dma.bytes_per_cycle});
  const int memtiles = std::min(a.memtiles(), static_cast<int>(p.parts.size()));
  int best = most;
  double least = std::numeric_limits<double>::infinity();
  for (int n = 1; n <= most; ++n) {
    if (cores % n != 0) continue;
    const double time = std::max(static_cast<double>(output) / (rate * memtiles * n), channel_cycles(a) * memtiles * n);
    if (time >= least) continue;
    least = time;
    best = n;
  }
  return best;
}

// Channels that streams of activations need for themselves. What only passes from DDR to DDR comes no faster than the
// shim brings it; a serial controller has to start streams that take turns.
int streams_in(const cost::LayerContext& c, const mapping::Partition& p, const arch::ArraySpec& a) {
  const bool passes = c.in_ddr.input && !ops::has_blocks(*c.layer) && !ops::is_product(*c.layer);
  const bool free = a.controller.mechanism == arch::ControlMechanism::none;
  return passes && free ? std::min(p.lanes, a.shim.dma.mm2s + 1) : p.lanes;
}

}  // namespace

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
    plan.spills = std::clamp(plan.acts - streams_in(c, p, a), 1, a.shim.dma.s2mm);
    if (plan.acts > plan.spills) plan.acts -= plan.spills;
  }
  const int in = a.memtile.dma.s2mm;
  const int results = static_cast<int>(ceil_div(a.rows, a.memtile_rows));
  // Two of AIE2's six, more where results leave them; of fewer than six just one, as results need the others.
  plan.loads = std::min({in - 1, a.shim.dma.mm2s, std::max(in / 3, in - results)});
  plan.results = in - plan.loads;
  if (a.controller.mechanism == arch::ControlMechanism::serial) {
    // One load channel of every column fills what DDR delivers, or nearly.
    plan.loads = 1;
    plan.results = result_channels(p, output, in - plan.loads, a);
  }
  return plan;
}

}  // namespace tessera::schedule
