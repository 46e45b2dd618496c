#include "sim/sparsity/mask_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/hash.h"
#include "sim/base/random.h"
#include "sim/sparsity/generators.h"
#include "sim/sparsity/mask_file.h"
#include "sim/sparsity/mistakes.h"

namespace tessera::sparsity {
namespace {

using Masks = std::vector<std::optional<BlockMask>>;

class MaskMaker {
 public:
  MaskMaker(const network::Network& network, const MaskSpec& spec) : network_(network), spec_(spec) {
    for (const network::Layer& layer : network.layers)
      if (ops::is_maskable(layer)) names_.push_back(layer.name);
  }

  Expected<Masks> make() {
    for (std::size_t i = 0; i < spec_.exclude.size(); ++i) check_name(spec_.exclude[i], fmt::format("exclude[{}]", i));
    for (const auto& entry : spec_.layers) check_name(entry.first, "layers." + entry.first);
    check_common();
    Masks masks(network_.layers.size());
    if (failure_.problems.empty() && !spec_.file.empty()) {
      Expected<Masks> read = read_masks(spec_.file, network_, block_sides());
      if (!read) return read;
      masks = std::move(*read);
      MistakesByKind mistakes;
      for (const network::Layer& layer : network_.layers)
        if (masks[layer.id] && !is_sparse(layer)) refuse_mask(layer, mistakes);
      failure_.problems = mistakes.problems();
    } else if (failure_.problems.empty()) {
      for (const network::Layer& layer : network_.layers)
        if (is_sparse(layer)) generate(layer, masks[layer.id]);
    }
    if (!failure_.problems.empty()) return failure_;
    return masks;
  }

 private:
  void check_name(const std::string& name, const std::string& path) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return;
    for (const network::Layer& layer : network_.layers)
      if (layer.name == name && ops::has_weights(layer)) {
        failure_.problems.push_back({"", path, "'" + name + "' takes no mask: " + ops::unmaskable_reason(layer),
                                     "legal: the name of a conv2d of one group, or of a gemm"});
        return;
      }
    const std::string near = nearest_name(name, names_);
    failure_.problems.push_back(
        {"", path, fmt::format("there is no layer with weights called '{}'", name),
         near.empty() ? "legal: the name of a conv2d or gemm" : "did you mean '" + near + "'?"});
  }

  // A wrong common setting is one problem, not one for every layer.
  void check_common() {
    const Expected<BlockMask> probe = generate_mask(1, 1, {spec_.bc, spec_.bi}, spec_.ratio, spec_.pattern, 0);
    if (probe) return;
    for (const Problem& p : probe.failure().problems) failure_.problems.push_back(p);
  }

  std::vector<BlockSides> block_sides() const {
    std::vector<BlockSides> sides(network_.layers.size(), {spec_.bc, spec_.bi});
    for (const network::Layer& layer : network_.layers)
      if (const MaskOverride* o = override_of(layer))
        sides[layer.id] = {o->bc.value_or(spec_.bc), o->bi.value_or(spec_.bi)};
    return sides;
  }

  const MaskOverride* override_of(const network::Layer& layer) const {
    const auto it = spec_.layers.find(layer.name);
    return it == spec_.layers.end() ? nullptr : &it->second;
  }

  bool is_sparse(const network::Layer& layer) const {
    if (!ops::is_maskable(layer)) return false;
    const MaskSource source = mask_source(network_, spec_, layer);
    return source != MaskSource::exclude && source != MaskSource::first_dense;
  }

  // The file has a mask of a layer that the config keeps dense.
  void refuse_mask(const network::Layer& layer, MistakesByKind& mistakes) const {
    if (mask_source(network_, spec_, layer) == MaskSource::exclude)
      mistakes.add("layers have a mask and stand in sparsity.exclude",
                   {spec_.file, layer.name, "has a mask, and stands in sparsity.exclude", "legal: one of the two"});
    else
      mistakes.add("", {spec_.file, layer.name,
                        "has a mask, and is the first convolution, which sparsity.first_dense keeps dense",
                        "legal: a file without it, or sparsity.first_dense=false"});
  }

  void generate(const network::Layer& layer, std::optional<BlockMask>& out) {
    const MaskOverride* given = override_of(layer);
    const MaskOverride o = given != nullptr ? *given : MaskOverride{};
    const std::uint64_t seed = derive_seed(o.seed.value_or(spec_.seed), fnv1a(layer.name));
    Expected<BlockMask> mask =
        generate_mask(layer.out.c, layer.in.c, {o.bc.value_or(spec_.bc), o.bi.value_or(spec_.bi)},
                      o.ratio.value_or(spec_.ratio), o.pattern.value_or(spec_.pattern), seed);
    if (mask) {
      out = std::move(*mask);
      return;
    }
    for (Problem p : mask.failure().problems) {
      p.path = "layers." + layer.name + "." + p.path;
      failure_.problems.push_back(std::move(p));
    }
  }

  const network::Network& network_;
  const MaskSpec& spec_;
  std::vector<std::string> names_;
  Failure failure_;
};

}  // namespace

MaskSource mask_source(const network::Network& network, const MaskSpec& spec, const network::Layer& layer) {
  if (std::find(spec.exclude.begin(), spec.exclude.end(), layer.name) != spec.exclude.end()) return MaskSource::exclude;
  if (!ops::is_maskable(layer)) return MaskSource::grouped;
  const auto own = spec.layers.find(layer.name);
  if (own == spec.layers.end() && spec.first_dense && !layer.is_gemm) {
    const auto first = std::find_if(network.layers.begin(), network.layers.end(),
                                    [](const network::Layer& l) { return ops::has_blocks(l) && !l.is_gemm; });
    if (first->id == layer.id) return MaskSource::first_dense;
  }
  if (!spec.file.empty()) return MaskSource::file;
  if (spec.importance && spec.scope != MaskScope::layer) return MaskSource::importance;
  return own != spec.layers.end() && own->second.ratio ? MaskSource::own_ratio : MaskSource::ratio;
}

Expected<Masks> make_masks(const network::Network& network, const MaskSpec& spec) {
  return MaskMaker(network, spec).make();
}

}  // namespace tessera::sparsity
