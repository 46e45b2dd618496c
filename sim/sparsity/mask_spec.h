// Which layers of a network are sparse, and how: what the `sparsity` part of a run config means.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"
#include "sim/sparsity/importance.h"

namespace tessera::sparsity {

// What one layer may have otherwise than the rest; unset fields follow the spec.
struct MaskOverride {
  std::optional<int> bc, bi;
  std::optional<double> ratio;
  std::optional<std::string> pattern;
  std::optional<std::uint64_t> seed;
};

// Among which blocks the least important are looked for.
enum class MaskScope {
  layer,   // of each layer: every layer follows the ratio
  global,  // of all layers together, each layer's importance divided by its mean
  n_m,     // of every m neighbouring blocks along the input channels n stay
};

struct MaskSpec {
  int bc = 8, bi = 8;  // block: output x input channels
  double ratio = 0;    // share of zero blocks
  std::string pattern = "random";
  std::uint64_t seed = 1;
  bool first_dense = true;                     // the first convolution stays dense unless it is overridden
  std::vector<std::string> exclude;            // layers that stay dense, by name
  std::map<std::string, MaskOverride> layers;  // by name
  std::optional<Importance> importance;        // least important blocks instead of a pattern
  MaskScope scope = MaskScope::layer;
  std::array<int, 2> n_m{2, 4};
  std::string weights, gradients;  // .npz that importance goes by; empty: given otherwise, or not needed
  std::string file;                // .npz by layer name (or .npy for the only sparse layer); replaces the generators
};

// Who decides how much of a layer is zero.
enum class MaskSource {
  ratio,        // the ratio of the spec
  own_ratio,    // one of its own in `layers`
  exclude,      // dense: excluded
  first_dense,  // dense: the first convolution
  grouped,      // dense: convolutions of groups of channels have no masks
  importance,   // importance over all layers, or n of m blocks
  file,         // the mask file, which may not name the layer
};
MaskSource mask_source(const network::Network& network, const MaskSpec& spec, const network::Layer& layer);

// Index = LayerId; nullopt: dense. The mask of a layer depends on its name and shape, not on the other layers. With a
// mask file, layers that it does not name are dense, and a mask of a layer that the spec keeps dense is a problem.
// Problems name the key of the spec they are about.
Expected<std::vector<std::optional<BlockMask>>> make_masks(const network::Network& network, const MaskSpec& spec);

// Writes what is not dense as bool arrays [ceil(cout/bc)][ceil(cin/bi)]: .npz by layer name, or .npy when the path says
// so and there is exactly one. A network that is all dense is a Failure: no reader would take the file.
std::optional<Failure> write_masks(const std::string& path, const network::Network& network,
                                   const std::vector<std::optional<BlockMask>>& masks);

}  // namespace tessera::sparsity
