#include "sim/sparsity/mask_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/sparsity/generators.h"
#include "sim/sparsity/mask_spec.h"
#include "sim/sparsity/mistakes.h"
#include "sim/sparsity/numpy_file.h"

namespace tessera::sparsity {
namespace {

using Masks = std::vector<std::optional<BlockMask>>;

// "; it would fit blocks of 16x16" when another legal block explains the shape.
std::string other_block(const network::Layer& layer, const NumpyArray& array) {
  for (int bc : legal_block_sides())
    for (int bi : legal_block_sides())
      if (array.shape[0] == ceil_div(layer.out.c, bc) && array.shape[1] == ceil_div(layer.in.c, bi))
        return fmt::format("; it would fit blocks of {}x{}", bc, bi);
  return "";
}

std::optional<Problem> take(const network::Layer& layer, const BlockSides& sides, const NumpyArray& array,
                            BlockMask& mask) {
  mask = BlockMask{sides.bc, sides.bi, layer.out.c, layer.in.c, {}};
  const std::vector<std::int64_t> wanted = {mask.rows(), mask.cols()};
  if (array.shape != wanted)
    return Problem{"", "", "has shape " + shape_text(array.shape),
                   fmt::format("{}: {} x {} channels in blocks of {}x{}{}", shape_text(wanted), layer.out.c, layer.in.c,
                               sides.bc, sides.bi, array.shape.size() == 2 ? other_block(layer, array) : "")};
  const auto size = static_cast<std::size_t>(array.element_size());
  mask.bits.resize(array.bytes.size() / size);
  for (std::size_t i = 0; i < array.bytes.size(); ++i) {
    if (array.bytes[i] > (i % size == 0 ? 1 : 0))
      return Problem{"", "", fmt::format("holds something else than 0 and 1 at element {}", i / size),
                     "1 for a block that is present, 0 for a zero block"};
    if (i % size == 0) mask.bits[i / size] = array.bytes[i];
  }
  return std::nullopt;
}

}  // namespace

Expected<Masks> read_masks(const std::string& path, const network::Network& network,
                           const std::vector<BlockSides>& sides) {
  const Expected<std::map<std::string, NumpyArray>> arrays = read_numpy(path);
  if (!arrays) return arrays.failure();
  std::vector<std::string> names;
  std::vector<const network::Layer*> layers;
  for (const network::Layer& layer : network.layers)
    if (layer.op == network::Op::conv2d) {
      names.push_back(layer.name);
      layers.push_back(&layer);
    }
  MistakesByKind mistakes;
  Masks masks(network.layers.size());
  for (const auto& [name, array] : *arrays) {
    if (name.empty() && layers.size() != 1) {
      mistakes.add("", {path, "", fmt::format("is one array but {} layers have weights", layers.size()),
                        "an .npz with an array per layer name"});
      continue;
    }
    const auto it = name.empty() ? names.begin() : std::find(names.begin(), names.end(), name);
    if (it == names.end()) {
      const std::string near = nearest_name(name, names);
      mistakes.add("arrays are called as no layer with weights is",
                   {path, name, "there is no layer with weights of this name",
                    near.empty() ? "the name of a conv2d or gemm" : "did you mean '" + near + "'?"});
      continue;
    }
    const network::Layer& layer = *layers[static_cast<std::size_t>(it - names.begin())];
    BlockMask mask;
    std::optional<Problem> problem = take(layer, sides[layer.id], array, mask);
    if (problem) {
      problem->file = path;
      problem->path = name.empty() ? layer.name : name;
      const bool shape = problem->what.rfind("has shape", 0) == 0;
      mistakes.add(
          shape ? "masks have another shape than their layer has blocks" : "masks hold something else than 0 and 1",
          std::move(*problem));
    } else {
      masks[layer.id] = std::move(mask);
    }
  }
  if (Failure failure{ExitCode::bad_input, mistakes.problems()}; !failure.problems.empty()) return failure;
  return masks;
}

std::optional<Failure> write_masks(const std::string& path, const network::Network& network, const Masks& masks) {
  std::map<std::string, NumpyArray> arrays;
  for (const network::Layer& layer : network.layers)
    if (const std::optional<BlockMask>& mask = masks[layer.id])
      arrays[layer.name] = {"|b1", {mask->rows(), mask->cols()}, mask->bits};
  if (arrays.empty())
    return fail(ExitCode::bad_input,
                {path, "", "would hold no mask: every layer is dense", "a config with a sparse layer"});
  if (path.size() < 4 || path.compare(path.size() - 4, 4, ".npy") != 0) return write_npz(path, arrays);
  if (arrays.size() == 1) return write_npy(path, arrays.begin()->second);
  return fail(ExitCode::bad_input,
              {path, "", fmt::format("an .npy holds one mask, not {}", arrays.size()), "a path that ends in .npz"});
}

}  // namespace tessera::sparsity
