#include "sim/replay/published_program.h"

#include "sim/replay/published_plan.h"
#include "sim/replay/replay_program.h"

namespace tessera::replay {

Expected<program::Program> make_published_program(const network::Network& network,
                                                  const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                                  const arch::ArraySpec& array) {
  std::vector<double> density(network.layers.size(), 1);
  std::vector<program::ProgramLayer> layers;
  std::vector<sparsity::KernelMask> kernel_masks;
  for (const network::Layer& layer : network.layers) {
    const auto id = static_cast<std::size_t>(layer.id);
    program::ProgramLayer placed;
    placed.layer = layer;
    if (layer.op != network::Op::input && layer.op != network::Op::concat) placed.mapping = "cols=width rows=channels";
    if (masks[id]) {
      kernel_masks.push_back(kernel_mask(*masks[id]));
      const sparsity::KernelMask& mask = kernel_masks.back();
      density[id] = static_cast<double>(mask.count()) / (static_cast<double>(mask.rows) * mask.cols);
      placed.mask = static_cast<int>(kernel_masks.size()) - 1;
    }
    layers.push_back(std::move(placed));
  }
  const Expected<ScheduleTrace> plan = plan_published(network, array, density);
  if (!plan) return plan.failure();
  Expected<ReplayProgram> made = make_replay_program(published_work(*plan), array, 1);
  if (!made) return made.failure();
  program::Program program = std::move(made->program);
  program.network = network.name;
  program.accounting = "published";
  program.layers = std::move(layers);
  program.masks = std::move(kernel_masks);
  return program;
}

std::vector<Millicycles> published_durations(const program::Program& program) {
  std::vector<Millicycles> durations;
  for (const program::KernelCall& call : program.calls)
    durations.push_back(ceil_div(call.operations, 256) * millicycles_per_cycle);
  return durations;
}

}  // namespace tessera::replay
