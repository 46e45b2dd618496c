#include "sim/sparsity/mask_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  for (const float v : to_floats(array)) {
    if (v != 0 && v != 1)
      return Problem{"", "", fmt::format("holds something else than 0 and 1 at element {}", mask.bits.size()),
                     "1 for a block that is present, 0 for a zero block"};
    mask.bits.push_back(v != 0 ? 1 : 0);
  }
  return std::nullopt;
}

constexpr const char* block_suffix = ".block";

// The layer whose block size an array tells; empty: another array.
std::string block_owner(const std::map<std::string, NumpyArray>& arrays, const std::string& name) {
  const std::string end = block_suffix;
  if (name.size() <= end.size() || name.compare(name.size() - end.size(), end.size(), end) != 0) return "";
  const std::string owner = name.substr(0, name.size() - end.size());
  return arrays.count(owner) != 0 ? owner : "";
}

// The block of a layer: of the file, or as given; a problem when the file's is none.
std::optional<Problem> read_sides(const std::map<std::string, NumpyArray>& arrays, const std::string& name,
                                  BlockSides& sides) {
  const auto it = arrays.find(name + block_suffix);
  if (name.empty() || it == arrays.end()) return std::nullopt;
  const std::vector<float> given = to_floats(it->second);
  const std::vector<int>& legal = legal_block_sides();
  const auto is_legal = [&](float v) { return std::find(legal.begin(), legal.end(), v) != legal.end(); };
  if (given.size() != 2 || !is_legal(given[0]) || !is_legal(given[1]))
    return Problem{"", "", fmt::format("has blocks of [{}]", fmt::join(given, ", ")),
                   fmt::format("two of {}", fmt::join(legal, ", "))};
  sides = {static_cast<int>(given[0]), static_cast<int>(given[1])};
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
    if (ops::is_maskable(layer)) {
      names.push_back(array_name(layer.name));
      layers.push_back(&layer);
    }
  MistakesByKind mistakes;
  Masks masks(network.layers.size());
  for (const auto& [name, array] : *arrays) {
    if (!block_owner(*arrays, name).empty()) continue;
    if (name.empty() && layers.size() != 1) {
      mistakes.add("", {path, "", fmt::format("is one array but {} layers have weights", layers.size()),
                        "an .npz with an array per layer name"});
      continue;
    }
    const auto it = name.empty() ? names.begin() : std::find(names.begin(), names.end(), name);
    const auto other = std::find_if(network.layers.begin(), network.layers.end(), [&, n = name](const auto& layer) {
      return array_name(layer.name) == n && ops::has_weights(layer) && !ops::is_maskable(layer);
    });
    if (it == names.end() && other != network.layers.end()) {
      mistakes.add("layers with masks take none",
                   {path, name, std::string("takes no mask: ") + unmaskable_reason(*other),
                    "masks of conv2d layers of one group, and of gemms"});
      continue;
    }
    if (it == names.end()) {
      const std::string near = nearest_name(name, names);
      mistakes.add("arrays are called as no layer with weights is",
                   {path, name, "there is no layer with weights of this name",
                    near.empty() ? "the name of a conv2d or gemm" : "did you mean '" + near + "'?"});
      continue;
    }
    const network::Layer& layer = *layers[static_cast<std::size_t>(it - names.begin())];
    BlockMask mask;
    BlockSides own = sides[layer.id];
    std::optional<Problem> problem = read_sides(*arrays, name, own);
    if (!problem) problem = take(layer, own, array, mask);
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

Expected<std::map<std::string, BlockMask>> read_bare_masks(const std::string& path, const BlockSides& sides) {
  const Expected<std::map<std::string, NumpyArray>> arrays = read_numpy(path);
  if (!arrays) return arrays.failure();
  std::map<std::string, BlockMask> masks;
  Failure failure{ExitCode::bad_input, {}};
  for (const auto& [name, array] : *arrays) {
    if (!block_owner(*arrays, name).empty()) continue;
    BlockSides own = sides;
    std::optional<Problem> problem = read_sides(*arrays, name, own);
    network::Layer layer;
    BlockMask mask;
    if (!problem && (array.shape.size() != 2 || array.elements() == 0))
      problem = Problem{"", "", "has shape " + shape_text(array.shape), "rows and columns of blocks"};
    if (!problem) {
      layer.out.c = static_cast<int>(array.shape[0]) * own.bc;
      layer.in.c = static_cast<int>(array.shape[1]) * own.bi;
      problem = take(layer, own, array, mask);
    }
    if (problem) {
      problem->file = path;
      problem->path = name;
      failure.problems.push_back(std::move(*problem));
    } else {
      masks[name.empty() ? "mask" : name] = std::move(mask);
    }
  }
  if (!failure.problems.empty()) return failure;
  return masks;
}

std::optional<Failure> write_masks(const std::string& path, const network::Network& network, const Masks& masks) {
  std::map<std::string, NumpyArray> arrays;
  for (const network::Layer& layer : network.layers)
    if (const std::optional<BlockMask>& mask = masks[layer.id])
      arrays[array_name(layer.name)] = {"|b1", {mask->rows(), mask->cols()}, mask->bits};
  const bool one = arrays.size() == 1 && path.size() > 4 && path.compare(path.size() - 4, 4, ".npy") == 0;
  for (const network::Layer& layer : network.layers)
    if (const std::optional<BlockMask>& mask = masks[layer.id]; mask && !one && (mask->bc != 8 || mask->bi != 8))
      arrays[array_name(layer.name) + block_suffix] = {
          "|u1", {2}, {static_cast<std::uint8_t>(mask->bc), static_cast<std::uint8_t>(mask->bi)}};
  if (arrays.empty())
    return fail(ExitCode::bad_input,
                {path, "", "would hold no mask: every layer is dense", "a config with a sparse layer"});
  if (path.size() < 4 || path.compare(path.size() - 4, 4, ".npy") != 0) return write_npz(path, arrays);
  if (arrays.size() == 1) return write_npy(path, arrays.begin()->second);
  return fail(ExitCode::bad_input,
              {path, "", fmt::format("an .npy holds one mask, not {}", arrays.size()), "a path that ends in .npz"});
}

}  // namespace tessera::sparsity
