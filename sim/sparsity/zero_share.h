// How much is zero: counted in the masks, layer by layer, beside what was requested and why the two differ. Whole
// blocks are rounded, layers are kept dense, and a ratio never empties a layer.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"
#include "sim/sparsity/mask_spec.h"

namespace tessera::sparsity {

struct LayerZeros {
  network::LayerId layer = 0;
  MaskSource source = MaskSource::ratio;
  int bc = 8, bi = 8;       // block: output x input channels
  bool masked = false;      // has a mask; else it is dense
  double requested = 0;     // share of zero blocks that `source` asks for; a mask file asks for what it holds
  std::int64_t blocks = 0;  // of the weights, zero or not
  std::int64_t zeros = 0;   // of them
  bool kept = false;        // one block alone is kept: no ratio empties a layer
  int rows = 0;             // rows of blocks: groups of bc output channels
  int empty_rows = 0;       // of them without a block: channels that are their bias alone
  std::int64_t kernel_blocks = 0, kernel_zeros = 0;  // the same in 8x8 blocks, which kernels leave out as a whole

  double share() const { return static_cast<double>(zeros) / static_cast<double>(blocks); }
  bool rounded() const;     // `share` is the nearest that whole blocks allow, not `requested`
  std::string why() const;  // why `share` is not the ratio of the spec, by keys and rules; empty: it follows the ratio
};

// One entry per convolution and gemm, grouped ones too, in the network's order.
std::vector<LayerZeros> count_zeros(const network::Network& network, const MaskSpec& spec,
                                    const std::vector<std::optional<BlockMask>>& masks);

struct NetworkZeros {
  std::int64_t blocks = 0, zeros = 0;                // over all layers with weights, dense ones too
  double requested_blocks = 0;                       // sum of requested x blocks
  std::int64_t kernel_blocks = 0, kernel_zeros = 0;  // 8x8
  int masked_layers = 0, kept_layers = 0;
  std::int64_t empty_rows = 0;

  double share() const { return blocks == 0 ? 0 : static_cast<double>(zeros) / static_cast<double>(blocks); }
  double requested() const { return blocks == 0 ? 0 : requested_blocks / static_cast<double>(blocks); }

  // In what the masks are not what a reader of the ratio expects, in words:
  //   kept          a layer keeps a block that the ratio would take
  //   rounded       `share` is 0.005 or more away from `requested`
  //   empty_rows    there are output channels without a weight
  //   nothing_zero  no block is zero although a ratio above 0 was given
  std::vector<std::string> marks(const MaskSpec& spec) const;
};
NetworkZeros sum_zeros(const std::vector<LayerZeros>& layers);

}  // namespace tessera::sparsity
