// What the scheduler decides about the network as a whole before it emits anything.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "sim/schedule/channel_order.h"
#include "sim/schedule/scheduler.h"

namespace tessera::schedule {

// Parts of a concatenation are written straight into it, unless somebody else already claimed them.
void Scheduler::plan_views() {
  const auto n = static_cast<network::LayerId>(network_.layers.size());
  for (network::LayerId i = 0; i < n; ++i) e_.views[i] = {i, 0};
  for (network::LayerId i = n - 1; i >= 0; --i) {
    const network::Layer& l = network_.layers[i];
    if (l.op != network::Op::concat) continue;
    int c0 = 0;
    for (network::LayerId part : l.inputs) {
      const network::Layer& producer = network_.layers[part];
      const bool free = e_.views[part].root == part && producer.op != network::Op::input &&
                        std::count(l.inputs.begin(), l.inputs.end(), part) == 1;
      if (free) e_.views[part] = {e_.views[i].root, e_.views[i].c0 + c0};
      c0 += network::stored_channels(producer.out.c);
    }
  }
  standing_.assign(network_.layers.size(), {});
  for (network::LayerId i = 0; i < n; ++i) standing_[e_.views[i].root].push_back(i);
}

// Bytes of the tensors that live at one time, at most. Parts of a concatenation count by themselves.
Bytes Scheduler::most_live(const std::vector<network::LayerId>& order) const {
  std::vector<int> reads(network_.layers.size(), 0);
  for (const network::Layer& l : network_.layers)
    for (network::LayerId i : l.inputs) ++reads[i];
  const auto bytes = [&](network::LayerId i) {
    const network::Layer& l = network_.layers[i];
    return l.op == network::Op::input || l.op == network::Op::concat
               ? 0
               : Bytes{l.out.h} * l.out.w * network::stored_channels(l.out.c);
  };
  Bytes now = 0, most = 0;
  const std::function<void(network::LayerId)> release = [&](network::LayerId i) {
    if (--reads[i] > 0) return;
    now -= bytes(i);
    if (network_.layers[i].op == network::Op::concat)  // its parts lived as long as it did
      for (network::LayerId part : network_.layers[i].inputs) release(part);
  };
  for (network::LayerId i : order) {
    now += bytes(i);
    most = std::max(most, now);
    if (network_.layers[i].op != network::Op::concat)
      for (network::LayerId input : network_.layers[i].inputs) release(input);
  }
  return most;
}

// The network's order, or one in which layers of parallel branches alternate: a layer that does not read what the one
// before it leaves is fed while that one still computes. Not where more tensors than now would fill the memory tiles.
void Scheduler::plan_order() {
  const auto n = static_cast<network::LayerId>(network_.layers.size());
  order_.resize(n);
  std::iota(order_.begin(), order_.end(), 0);
  // A single core has nobody to work while it waits.
  if (policy_.alternates() && spec_.depth.empty() && array_.rows * array_.cols > 1) {
    std::vector<network::LayerId> list;
    std::vector<bool> done(n, false);
    std::set<network::LayerId> ready;  // all that they read is done
    for (const network::Layer& l : network_.layers)
      if (l.inputs.empty()) ready.insert(l.id);
    network::LayerId before = -1;
    while (!ready.empty()) {
      const auto follows = [&](network::LayerId i) {
        const auto& inputs = network_.layers[i].inputs;
        return std::find(inputs.begin(), inputs.end(), before) != inputs.end();
      };
      const auto apart = std::find_if_not(ready.begin(), ready.end(), follows);
      const network::LayerId next = apart != ready.end() ? *apart : *ready.begin();
      ready.erase(next);
      done[next] = true;
      list.push_back(next);
      for (network::LayerId reader : readers_[next]) {
        const auto& inputs = network_.layers[reader].inputs;
        if (std::all_of(inputs.begin(), inputs.end(), [&](network::LayerId k) { return done[k]; }))
          ready.insert(reader);
      }
      if (network_.layers[next].op != network::Op::concat) before = next;
    }
    const Bytes capacity = array_.memtiles() * array_.memtile.memory.size;
    if (most_live(list) <= std::max(most_live(order_), capacity / 2)) order_ = std::move(list);
  }
  for (network::LayerId k = 0; k < n; ++k) turn_[order_[k]] = k;
}

void Scheduler::plan_fusion() {
  if (!policy_.fuses()) return;
  std::vector<int> uses(network_.layers.size(), 0);
  for (const network::Layer& l : network_.layers)
    for (network::LayerId i : l.inputs) ++uses[i];
  for (const network::Layer& pool : network_.layers) {
    // A pool whose windows tile the map needs nothing from beyond its own tile.
    const network::Window& k = pool.window;
    if (pool.op != network::Op::maxpool || k.kh != k.sh || k.kw != k.sw) continue;
    if (k.pad_top + k.pad_left + k.pad_bottom + k.pad_right > 0) continue;
    if (pool.in.h != pool.out.h * k.sh || pool.in.w != pool.out.w * k.sw) continue;
    const network::Layer& conv = network_.layers[pool.inputs[0]];
    if (conv.op != network::Op::conv2d || uses[conv.id] != 1 || e_.views[conv.id].root != conv.id) continue;
    fused_[conv.id] = pool.id;
    fused_into_[pool.id] = conv.id;
  }
  for (const network::Layer& add : network_.layers) {
    if (add.op != network::Op::add) continue;
    const network::LayerId last = later(add.inputs[0], add.inputs[1]);
    const network::Layer& conv = network_.layers[last];
    // Nothing may stand between the two that the add's early execution could overtake.
    if (conv.op != network::Op::conv2d || uses[last] != 1 || add.inputs[0] == add.inputs[1]) continue;
    if (e_.views[last].root != last || fused_[last] >= 0) continue;
    fused_[last] = add.id;
    fused_into_[add.id] = last;
  }
}

void Scheduler::plan_lifetimes() {
  std::fill(last_use_.begin(), last_use_.end(), 0);
  std::vector<bool> read(network_.layers.size(), false);
  for (const network::Layer& l : network_.layers)
    for (network::LayerId i : l.inputs) {
      const network::LayerId reader = fused_into_[l.id] >= 0 ? later(i, fused_into_[l.id]) : l.id;
      int& last = last_use_[e_.views[i].root];
      last = later(last, reader);
      read[i] = true;
    }
  // What nobody reads is an output and stays to the end, with all that shares its place.
  for (const network::Layer& l : network_.layers)
    if (!read[l.id]) last_use_[e_.views[l.id].root] = 0;
  ending_.assign(network_.layers.size(), {});
  for (const network::Layer& l : network_.layers)
    if (e_.views[l.id].root == l.id) ending_[last_use_[l.id]].push_back(l.id);
}

void Scheduler::describe_layers() {
  program::Program& p = e_.builder.program();
  p.network = network_.name;
  std::vector<sparsity::KernelMask> logical(network_.layers.size());
  for (const network::Layer& l : network_.layers)
    if (l.op == network::Op::conv2d)
      logical[l.id] = kernel_mask(masks_[l.id] ? *masks_[l.id] : sparsity::BlockMask::all_ones(l.out.c, l.in.c));
  std::vector<std::vector<int>> orders(network_.layers.size());
  if (spec_.balance && policy_.balances()) orders = balanced_channel_orders(network_, logical, array_);
  for (const network::Layer& l : network_.layers) {
    program::ProgramLayer pl;
    pl.layer = l;
    pl.block_order = orders[l.id];
    LayerReport report;
    if (l.op == network::Op::conv2d) {
      pl.mask = static_cast<int>(p.masks.size());
      p.masks.push_back(stored_mask(logical[l.id], orders[l.id], orders[l.inputs[0]]));
      report.imbalance_rows_unassigned = imbalance(logical[l.id], array_.rows);
      report.imbalance_rows = imbalance(p.masks.back(), array_.rows);
    }
    reports_.push_back(std::move(report));
    p.layers.push_back(std::move(pl));
  }
}

// What a config forces and no layer could follow.
std::optional<Failure> Scheduler::unused_overrides() {
  Failure failure;
  const auto& layers = e_.builder.program().layers;
  for (const auto& [name, forced] : spec_.layers)
    for (const program::ProgramLayer& l : layers)
      if (l.layer.name == name && fused_into_[l.layer.id] >= 0)
        failure.problems.push_back({"", "schedule.layers." + name,
                                    "the layer is " + l.mapping + " and has no mapping of its own",
                                    "force the layer that computes it"});
  for (std::size_t i = 0; i < spec_.depth.size(); ++i) {
    const DepthSpec& d = spec_.depth[i];
    const bool walked = std::any_of(layers.begin(), layers.end(), [&](const program::ProgramLayer& l) {
      return l.layer.name == d.first && l.mapping.find(" depth-tiles=") != std::string::npos;
    });
    if (!walked)
      failure.problems.push_back({"", fmt::format("schedule.depth[{}]", i),
                                  fmt::format("{} to {} cannot be walked together", d.first, d.last),
                                  "legal: two or more layers in the network's order, none of them a concatenation or "
                                  "an output of the network, with "
                                  "everything between them read by them alone"});
  }
  if (failure.problems.empty()) return std::nullopt;
  return failure;
}

}  // namespace tessera::schedule
