#include "sim/run/external_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/mapping/stored_masks.h"
#include "sim/program/text_operator.h"

namespace tessera::run {
namespace {

bool alike(const network::Layer& a, const network::Layer& b) {
  return a.name == b.name && a.op == b.op && a.inputs == b.inputs && a.window == b.window && a.relu == b.relu &&
         a.shift == b.shift && a.scaling == b.scaling && a.multiplier == b.multiplier && a.in == b.in &&
         a.out == b.out && a.in_type == b.in_type && a.out_type == b.out_type && a.source == b.source &&
         program::operator_attributes(a) == program::operator_attributes(b);
}

std::string scaling_text(const network::Layer& l) {
  if (l.scaling == network::Scaling::channel) return " multiplier per channel";
  return l.scaling == network::Scaling::power ? "" : fmt::format(" multiplier {},{}", l.multiplier[0], l.multiplier[1]);
}

std::string text_of(const network::Layer& l) {
  const network::Window& w = l.window;
  return fmt::format(
      "{} \"{}\" {}x{}x{} to {}x{}x{}, kernel {}x{} stride {}x{} padding {},{},{},{} shift {}{}{}{}{}, inputs [{}]",
      op_name(l.op), l.name, l.in.h, l.in.w, l.in.c, l.out.h, l.out.w, l.out.c, w.kh, w.kw, w.sh, w.sw, w.pad_top,
      w.pad_left, w.pad_bottom, w.pad_right, l.shift, scaling_text(l), l.relu ? " relu" : "",
      l.is_int8() ? "" : fmt::format(" {} -> {}", type_name(l.in_type), type_name(l.out_type)),
      program::operator_attributes(l), fmt::join(l.inputs, ","));
}
}  // namespace

std::optional<Problem> other_network(const program::Program& program, const network::Network& network) {
  const std::string legal = "legal: the config that the program was dumped with, or one of the same network";
  const std::string whose = fmt::format("is for {}, the config has {}", program.network, network.name);
  if (program.layers.size() != network.layers.size())
    return Problem{"", "network",
                   fmt::format("{}: {} layers against {}", whose, program.layers.size(), network.layers.size()), legal};
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer &theirs = program.layers[i].layer, &ours = network.layers[i];
    if (alike(theirs, ours)) continue;
    return Problem{"", "network",
                   fmt::format("{}: layer {} is {} against {}", whose, i, text_of(theirs), text_of(ours)), legal};
  }
  return std::nullopt;
}

std::optional<Problem> other_masks(const program::Program& program,
                                   const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    const program::ProgramLayer& placed = program.layers[i];
    const network::Layer& l = placed.layer;
    if (!ops::is_maskable(l)) continue;
    const sparsity::KernelMask logical =
        kernel_mask(masks[i] ? *masks[i] : sparsity::BlockMask::all_ones(l.out.c, l.in.c));
    const sparsity::KernelMask stored =
        mapping::stored_mask(logical, placed.block_order, program.layers[l.inputs[0]].block_order);
    const sparsity::KernelMask& given = placed.mask >= 0 ? program.masks[placed.mask] : stored;
    const bool all = given.count() == static_cast<std::int64_t>(given.bits.size());
    if ((placed.zeros_kept && all) || given.bits == stored.bits) continue;
    return Problem{
        "", "sparsity",
        fmt::format("layer {} has {} of {} 8x8 blocks in the program and {} in the config, or others of them; "
                    "what is recorded of a run follows the config",
                    l.name, given.count(), given.bits.size(), stored.count()),
        "legal: the sparsity that the program was dumped with (sparsity.mask_file takes any mask)"};
  }
  return std::nullopt;
}

std::optional<Problem> call_without_kernel(const program::Program& program, const cost::LatencyModel& latency_model) {
  static const network::Layer none;
  for (const program::KernelCall& call : program.calls) {
    const bool named = call.layer >= 0 && call.layer < static_cast<int>(program.layers.size());
    const network::Layer& layer = named ? program.layers[call.layer].layer : none;
    if (latency_model.covers(call.kind, layer)) continue;
    return Problem{"", "hardware.kernels",
                   fmt::format("has no kernel for the {} calls of layer {}", kernel_name(call.kind), layer.name),
                   "it covers " + latency_model.coverage()};
  }
  return std::nullopt;
}

MaskedBlocks masked_blocks(const program::Program& program) {
  MaskedBlocks blocks;
  for (const program::ProgramLayer& layer : program.layers) {
    if (layer.mask < 0) continue;
    const sparsity::KernelMask& mask = program.masks[layer.mask];
    blocks.all += std::int64_t{mask.rows} * mask.cols;
    blocks.zero += std::int64_t{mask.rows} * mask.cols - mask.count();
  }
  return blocks;
}

bool has_zero_blocks(const program::Program& program) { return masked_blocks(program).zero > 0; }

}  // namespace tessera::run
