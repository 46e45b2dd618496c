#include "sim/mapping/computation.h"

namespace tessera::mapping {
namespace {

int blocks_of(const network::Layer& l) { return network::stored_channels(l.out.c) / 8; }

// A part of a concatenation that is copied into it.
void copy_part(Computation& c, const network::Network& network, int part) {
  const auto& inputs = c.kernel.inputs;
  c.input = inputs[static_cast<std::size_t>(part)];
  c.kernel.window = {};
  c.kernel.in = c.kernel.out = network.layers[static_cast<std::size_t>(c.input)].out;
  int c0 = 0;
  for (int k = 0; k < part; ++k) c0 += blocks_of(network.layers[static_cast<std::size_t>(inputs[k])]) * 8;
  c.members = {{c.kernel.id, c.kernel.id, c0, {0, blocks_of(c.kernel)}}};
}

}  // namespace

std::vector<int> Computation::borders() const {
  std::vector<int> list;
  for (std::size_t k = 1; k < members.size(); ++k) list.push_back(members[k].blocks.lo);
  return list;
}

Computation computation_of(const network::Network& network, const Compute& compute) {
  const auto layer = [&](network::LayerId id) -> const network::Layer& {
    return network.layers[static_cast<std::size_t>(id)];
  };
  Computation c;
  c.kernel = layer(compute.layer);
  if (compute.part >= 0) {
    copy_part(c, network, compute.part);
  } else {
    c.input = c.kernel.inputs[0];
    int blocks = blocks_of(c.kernel);
    c.members = {{compute.layer, compute.fused >= 0 ? compute.fused : compute.layer, 0, {0, blocks}}};
    for (const network::LayerId id : compute.joins) {
      c.members.push_back({id, id, 0, {blocks, blocks + blocks_of(layer(id))}});
      blocks = c.members.back().blocks.hi;
    }
    if (!compute.joins.empty()) c.kernel.out.c = blocks * 8;
  }
  c.layer = c.kernel;
  if (operator_of(c.kernel).inputs == 2) c.operand = c.kernel.inputs[1];
  if (compute.fused < 0) return c;
  const network::Layer& tail = layer(compute.fused);
  if (tail.op == network::Op::maxpool) {
    c.pool = compute.fused;
    c.layer = with_pool(c.kernel, tail);
  } else {
    c.add = compute.fused;
    c.operand = tail.inputs[0] == c.kernel.id ? tail.inputs[1] : tail.inputs[0];
  }
  return c;
}

Computed computed_by(const Computation& c, const network::Network& network) {
  const network::Layer* pool = c.pool < 0 ? nullptr : &network.layers[static_cast<std::size_t>(c.pool)];
  return {&c.layer, &c.kernel, pool, c.operand >= 0, c.borders()};
}

}  // namespace tessera::mapping
