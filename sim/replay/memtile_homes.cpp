#include "sim/replay/memtile_homes.h"

#include <algorithm>

#include "sim/replay/published_tiles.h"

namespace tessera::replay {

MemtileHomes::MemtileHomes(const network::Network& network, int cols, Bytes capacity)
    : network_(network), capacity_(capacity) {
  const std::size_t n = network.layers.size();
  parent_.resize(n);
  share_.resize(n);
  readers_.resize(n);
  state_.resize(n);
  for (const network::Layer& l : network.layers) {
    parent_[static_cast<std::size_t>(l.id)] = l.id;
    share_[static_cast<std::size_t>(l.id)] = column_share(l.out, cols).elements();
    if (l.op == network::Op::input) at(l.id).in_ddr = true;
  }
  for (auto l = network.layers.rbegin(); l != network.layers.rend(); ++l)  // a concatenation may be part of another
    if (l->op == network::Op::concat)
      for (network::LayerId in : l->inputs) parent_[static_cast<std::size_t>(in)] = home_of(l->id);
  for (const network::Layer& l : network.layers)
    if (l.op != network::Op::concat)
      for (network::LayerId in : l.inputs) readers_[static_cast<std::size_t>(home_of(in))].push_back(l.id);
}

std::vector<network::LayerId> MemtileHomes::tensors_of(const network::Layer& layer) const {
  std::vector<network::LayerId> tensors = {home_of(layer.id)};
  for (network::LayerId in : layer.inputs) {
    const network::LayerId t = home_of(in);
    if (std::find(tensors.begin(), tensors.end(), t) == tensors.end()) tensors.push_back(t);
  }
  return tensors;
}

Bytes MemtileHomes::operands(const network::Layer& layer) const {
  Bytes sum = 0;
  for (network::LayerId t : tensors_of(layer)) sum += share(t);
  if (layer.op != network::Op::add) return sum;
  const auto dies = [&](network::LayerId in) { return next_use(home_of(in), layer.id) < 0; };
  const bool in_place = std::any_of(layer.inputs.begin(), layer.inputs.end(), dies);
  return in_place ? sum - share(home_of(layer.id)) : sum;
}

bool MemtileHomes::is_output(network::LayerId layer) const {
  return readers_[static_cast<std::size_t>(home_of(layer))].empty();
}

network::LayerId MemtileHomes::next_use(network::LayerId tensor, network::LayerId after) const {
  const auto& readers = readers_[static_cast<std::size_t>(tensor)];
  const auto it = std::upper_bound(readers.begin(), readers.end(), after);
  return it == readers.end() ? -1 : *it;
}

void MemtileHomes::evict(network::LayerId tensor, DdrTraffic& traffic) {
  State& s = at(tensor);
  if (!s.in_ddr) traffic.write += share(tensor);
  s.in_ddr = true;
  s.resident = false;
}

bool MemtileHomes::bring(const network::Layer& layer, Bytes extra, DdrTraffic& traffic) {
  const auto needed = tensors_of(layer);
  if (operands(layer) + extra > capacity_) return false;
  for (;;) {
    Bytes used = operands(layer) + extra;
    network::LayerId last = -1, victim = -1;
    for (const network::Layer& l : network_.layers) {
      if (!at(l.id).resident || std::find(needed.begin(), needed.end(), l.id) != needed.end()) continue;
      used += share(l.id);
      const network::LayerId use = next_use(l.id, layer.id);
      if (victim < 0 || use > last) {
        victim = l.id;
        last = use;
      }
    }
    if (used <= capacity_) break;
    evict(victim, traffic);
  }
  for (network::LayerId in : layer.inputs) {
    State& s = at(home_of(in));
    if (!s.resident) traffic.load += share(home_of(in));
    s.resident = true;
  }
  at(home_of(layer.id)) = {true, false};
  return true;
}

void MemtileHomes::send_to_ddr(const network::Layer& layer, DdrTraffic& traffic) {
  for (const network::Layer& l : network_.layers)
    if (at(l.id).resident) evict(l.id, traffic);
  State& s = at(home_of(layer.id));
  s.in_ddr = true;
  s.resident = false;
}

void MemtileHomes::store(network::LayerId tensor, DdrTraffic& traffic) {
  if (at(tensor).resident) evict(tensor, traffic);
}

void MemtileHomes::retire(const network::Layer& layer) {
  for (network::LayerId t : tensors_of(layer))
    if (next_use(t, layer.id) < 0) at(t).resident = false;
}

}  // namespace tessera::replay
