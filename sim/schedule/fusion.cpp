// What is read where, and what is computed with what: aliases, fusion, liveness.
#include <algorithm>

#include "sim/schedule/draft.h"

namespace tessera::schedule {

// Parts of a concatenation are written straight into it, unless somebody else already claimed them.
void alias_parts(const Inputs& in, Draft& d) {
  const auto n = static_cast<network::LayerId>(in.network.layers.size());
  auto& aliases = d.mapping.aliases;
  aliases.resize(n);
  for (network::LayerId i = 0; i < n; ++i) aliases[i] = {i, 0};
  for (network::LayerId i = n - 1; i >= 0; --i) {
    const network::Layer& l = in.layer(i);
    if (l.op != network::Op::concat) continue;
    int c0 = 0;
    for (network::LayerId part : l.inputs) {
      const network::Layer& producer = in.layer(part);
      const bool free = aliases[part].root == part && !ops::is_source(producer) &&
                        std::count(l.inputs.begin(), l.inputs.end(), part) == 1;
      if (free) aliases[part] = {aliases[i].root, aliases[i].c0 + c0};
      c0 += network::stored_channels(producer.out.c);
    }
  }
}

void fuse_layers(const Inputs& in, Draft& d) {
  const std::size_t n = in.network.layers.size();
  d.fused.assign(n, -1);
  d.fused_into.assign(n, -1);
  if (!in.policy.fuses()) return;
  std::vector<int> uses(n, 0);
  for (const network::Layer& l : in.network.layers)
    for (network::LayerId i : l.inputs) ++uses[i];
  for (const network::Layer& pool : in.network.layers) {
    // A pool whose windows tile the map needs nothing from beyond its own tile.
    const network::Window& k = pool.window;
    if (pool.op != network::Op::maxpool || k.kh != k.sh || k.kw != k.sw) continue;
    if (k.pad_top + k.pad_left + k.pad_bottom + k.pad_right > 0) continue;
    if (pool.in.h != pool.out.h * k.sh || pool.in.w != pool.out.w * k.sw) continue;
    const network::Layer& conv = in.layer(pool.inputs[0]);
    if (conv.op != network::Op::conv2d || uses[conv.id] != 1 || d.mapping.root(conv.id) != conv.id) continue;
    if (conv.window.dh > 1 || conv.window.dw > 1) continue;  // cores hold what taps read of the convolution's own tile
    d.fused[conv.id] = pool.id;
    d.fused_into[pool.id] = conv.id;
  }
  for (const network::Layer& add : in.network.layers) {
    if (add.op != network::Op::add) continue;
    const network::LayerId last = d.later(add.inputs[0], add.inputs[1]);
    // Nothing may stand between the two that the add's early execution could overtake.
    if (in.layer(last).op != network::Op::conv2d || uses[last] != 1 || add.inputs[0] == add.inputs[1]) continue;
    if (d.mapping.root(last) != last || d.fused[last] >= 0) continue;
    if (!(add.in == add.out) || !(add.second == add.out)) continue;
    d.fused[last] = add.id;
    d.fused_into[add.id] = last;
  }
}

void find_last_uses(const Inputs& in, Draft& d) {
  const std::size_t n = in.network.layers.size();
  d.last_use.assign(n, 0);
  std::vector<bool> read(n, false);
  for (const network::Layer& l : in.network.layers)
    for (network::LayerId i : l.inputs) {
      const network::LayerId reader = d.fused_into[l.id] >= 0 ? d.later(i, d.fused_into[l.id]) : l.id;
      network::LayerId& last = d.last_use[d.mapping.root(i)];
      last = d.later(last, reader);
      read[i] = true;
    }
  // What nobody reads is an output and stays to the end, with all that shares its place.
  for (const network::Layer& l : in.network.layers)
    if (!read[l.id]) d.last_use[d.mapping.root(l.id)] = 0;
  d.ending.assign(n, {});
  for (const network::Layer& l : in.network.layers)
    if (d.mapping.root(l.id) == l.id) d.ending[d.last_use[l.id]].push_back(l.id);
}

}  // namespace tessera::schedule
