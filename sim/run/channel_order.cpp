#include "sim/run/channel_order.h"

#include <numeric>

namespace tessera::run {

std::vector<int> stored_block_order(const program::Program& program, network::LayerId id) {
  const program::ProgramLayer& layer = program.layers[static_cast<std::size_t>(id)];
  if (!layer.block_order.empty()) return layer.block_order;
  std::vector<int> order;
  if (layer.layer.op == network::Op::concat) {  // a view: its parts as they are stored, one after the other
    for (network::LayerId part : layer.layer.inputs) {
      const auto base = static_cast<int>(order.size());
      for (int block : stored_block_order(program, part)) order.push_back(base + block);
    }
    return order;
  }
  order.resize(static_cast<std::size_t>(network::stored_channels(layer.layer.out.c) / 8));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace tessera::run
