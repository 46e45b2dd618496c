#include "sim/lower/layer_plan.h"

#include <algorithm>

#include "sim/mapping/layer_weights.h"
#include "sim/mapping/stored_masks.h"
#include "sim/sparsity/layer_mask.h"

namespace tessera::lower {
namespace {

// Whether a tensor got its place in rows of one depth-first tile after the other.
bool placed_by_rows(const Placement& p, const network::Layer& root) {
  return std::any_of(p.pieces.begin(), p.pieces.end(),
                     [&](const Piece& x) { return x.owner != p.pieces.front().owner; }) ||
         (!p.pieces.empty() && p.pieces.back().h.hi < root.out.h);
}

Bytes largest_chunk(const LayerPlan& plan, const Emission& e) {
  if (plan.partition.weights.empty()) return 0;
  std::vector<const sparsity::KernelMask*> masks;
  const program::Program& program = e.builder.program();
  const sparsity::KernelMask column = sparsity::layer_mask(plan.kernel, std::nullopt);  // of weights of single channels
  for (const mapping::Computation::Member& m : plan.members)
    masks.push_back(ops::has_blocks(plan.kernel) ? &program.masks[program.layers[m.layer].mask] : &column);
  mapping::LayerWeights weights(plan.kernel, mapping::joined_mask(masks));
  return weights.cut(plan.partition, plan.tiling.no, plan.tiling.ni).largest;
}

}  // namespace

LayerPlan make_layer_plan(Emission& e, const mapping::Compute& c) {
  LayerPlan plan;
  static_cast<mapping::Computation&>(plan) = computation_of(e.network, c);
  const mapping::LayerMapping& m = c.mapping;
  plan.rows = c.rows;
  plan.partition = make_partition(plan.layer, c.rows, m.sharding, e.array, plan.borders());
  plan.tiling = tiling_of(plan.layer, plan.partition, m);
  const Placement& input = e.placement(plan.input);
  plan.in_ddr = {input.in_ddr, plan.operand >= 0 && e.placement(plan.operand).in_ddr,
                 e.placement(plan.members[0].target).in_ddr};
  const bool by_height = !input.in_ddr && input.axis == mapping::Axis::height;
  if (c.rows.size() < plan.layer.out.h && by_height &&
      !placed_by_rows(input, e.network.layers[e.aliases[plan.input].root]))
    plan.input_sharers = std::clamp(plan.layer.out.h / c.rows.size(), 1, e.array.cols);
  plan.crosses = m.sharding.cols != mapping::Axis::channels && m.sharding.cols != input.axis && !input.in_ddr;
  plan.buffers = core_buffers(computed_by(plan, e.network), plan.partition, plan.tiling, largest_chunk(plan, e));
  plan.buffers.slots = m.buffers;
  plan.channels = m.channels;
  plan.first_spill = std::min(m.channels.acts, e.array.memtile.dma.mm2s - m.channels.spills);
  return plan;
}

}  // namespace tessera::lower
