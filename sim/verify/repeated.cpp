#include "sim/verify/repeated.h"

#include <fmt/format.h>

#include "sim/program/text_operator.h"

namespace tessera::verify {
namespace {

bool same_operator(network::Layer a, network::Layer b) {
  a.repeats = b.repeats = -1;
  return a.op == b.op && a.window == b.window && a.relu == b.relu && a.shift == b.shift && a.scaling == b.scaling &&
         a.multiplier == b.multiplier && a.in == b.in && a.out == b.out && a.in_type == b.in_type &&
         a.out_type == b.out_type && a.source == b.source && a.inputs.size() == b.inputs.size() &&
         program::operator_attributes(a) == program::operator_attributes(b);
}

}  // namespace

void check_repeated(const program::Program& program, const network::Layer& layer, Findings& findings) {
  if (layer.repeats == -1) return;
  const auto bad = [&](std::string what) { findings.add("layer " + findings.layer_name(layer.id), std::move(what)); };
  if (layer.repeats < 0 || layer.repeats >= layer.id || program.layers[layer.repeats].layer.repeats != -1)
    return bad(
        fmt::format("repeats layer {}, which is none of the earlier ones with weights of their own", layer.repeats));
  const program::ProgramLayer &own = program.layers[layer.id], &first = program.layers[layer.repeats];
  bool same = same_operator(layer, first.layer) && own.block_order == first.block_order &&
              (own.mask < 0) == (first.mask < 0) &&
              (own.mask < 0 || program.masks[own.mask].bits == program.masks[first.mask].bits);
  for (std::size_t i = 0; same && i < layer.inputs.size(); ++i)
    same = program.layers[layer.inputs[i]].block_order == program.layers[first.layer.inputs[i]].block_order;
  if (!same) bad("differs from " + findings.layer_name(layer.repeats) + ", which it repeats");
}

}  // namespace tessera::verify
