#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "sim/schedule/draft.h"

namespace tessera::schedule {
namespace {

// Bytes of the tensors that live at one time, at most. Parts of a concatenation count by themselves.
Bytes most_live(const network::Network& network, const std::vector<network::LayerId>& order) {
  std::vector<int> reads(network.layers.size(), 0);
  for (const network::Layer& l : network.layers)
    for (network::LayerId i : l.inputs) ++reads[i];
  const auto bytes = [&](network::LayerId i) {
    const network::Layer& l = network.layers[i];
    return ops::is_computed(l) ? Bytes{l.out.h} * l.out.w * network::stored_channels(l.out.c) : 0;
  };
  Bytes now = 0, most = 0;
  const std::function<void(network::LayerId)> release = [&](network::LayerId i) {
    if (--reads[i] > 0) return;
    now -= bytes(i);
    if (network.layers[i].op == network::Op::concat)  // its parts lived as long as it did
      for (network::LayerId part : network.layers[i].inputs) release(part);
  };
  for (network::LayerId i : order) {
    now += bytes(i);
    most = std::max(most, now);
    if (network.layers[i].op != network::Op::concat)
      for (network::LayerId input : network.layers[i].inputs) release(input);
  }
  return most;
}

// An order in which layers of parallel branches alternate: a layer that does not read what the one before it leaves is
// fed while that one still computes.
std::vector<network::LayerId> alternating(const Inputs& in) {
  std::vector<network::LayerId> list;
  std::vector<bool> done(in.network.layers.size(), false);
  std::set<network::LayerId> ready;  // all that they read is done
  for (const network::Layer& l : in.network.layers)
    if (l.inputs.empty()) ready.insert(l.id);
  network::LayerId before = -1;
  while (!ready.empty()) {
    const auto follows = [&](network::LayerId i) {
      const auto& inputs = in.layer(i).inputs;
      return std::find(inputs.begin(), inputs.end(), before) != inputs.end();
    };
    const auto apart = std::find_if_not(ready.begin(), ready.end(), follows);
    const network::LayerId next = apart != ready.end() ? *apart : *ready.begin();
    ready.erase(next);
    done[next] = true;
    list.push_back(next);
    for (network::LayerId reader : in.readers[next]) {
      const auto& inputs = in.layer(reader).inputs;
      if (std::all_of(inputs.begin(), inputs.end(), [&](network::LayerId k) { return done[k]; })) ready.insert(reader);
    }
    if (ops::is_computed(in.layer(next))) before = next;
  }
  return list;
}

}  // namespace

// The network's order, or the alternating one. Not where more tensors than now would fill the memory tiles; and a
// single core has nobody to work while it waits.
void order_layers(const Inputs& in, Draft& d) {
  const auto n = static_cast<network::LayerId>(in.network.layers.size());
  d.order.resize(n);
  d.turn.resize(n);
  std::iota(d.order.begin(), d.order.end(), 0);
  if (in.policy.alternates() && in.spec.fusion_groups.empty() && in.array.rows * in.array.cols > 1) {
    std::vector<network::LayerId> list = alternating(in);
    const Bytes capacity = in.array.memtiles() * in.array.memtile.memory.size;
    if (most_live(in.network, list) <= std::max(most_live(in.network, d.order), capacity / 2))
      d.order = std::move(list);
  }
  for (network::LayerId k = 0; k < n; ++k) d.turn[d.order[k]] = k;
}

}  // namespace tessera::schedule
