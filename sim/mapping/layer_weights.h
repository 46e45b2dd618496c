// What the weights of a convolution weigh when they are cut into chunks: for groups of cores that share weights, tiles
// of output channels and chunks of input channels.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "sim/base/units.h"
#include "sim/mapping/partition.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::mapping {

// Largest chunk over all weight groups, the total of the heaviest group and of all, and the blocks of the slowest group
// summed over the steps: cores that share activations stay within as many steps of each other as they have input slots.
struct Weights {
  Bytes largest = 0, group = 0, all = 0;
  std::array<std::int64_t, 3> paced_blocks{};  // with two, three and four input slots
  std::int64_t paced(int slots) const { return paced_blocks[slots - 2]; }
};

// By input slots of a core, two to four: over how many chunks differences between cores average out; 0: not asked.
using PacedWindows = std::array<int, 3>;

class LayerWeights {
 public:
  LayerWeights(const network::Layer& layer, const sparsity::KernelMask& mask, const PacedWindows& windows = {});

  // With `no` tiles of each group's output channels and `ni` chunks of input channels.
  const Weights& cut(const Partition& partition, int no, int ni);

  std::int64_t blocks() const { return before_.back(); }  // present
  std::int64_t size() const { return std::int64_t{rows_} * cols_; }
  Bytes block_bytes() const { return block_bytes_; }

 private:
  Weights weigh(const Partition& partition, int no, int ni) const;
  const std::int32_t* above(int row) const { return &before_[static_cast<std::size_t>(row) * (cols_ + 1)]; }

  PacedWindows windows_;
  int rows_, cols_;
  Bytes block_bytes_, row_bytes_;     // of a block, of the bias of a row
  Bytes multiplier_bytes_;            // per row of blocks, in the last chunk over the input channels
  Bytes table_bytes_;                 // in the last chunk
  std::vector<std::int32_t> before_;  // present blocks above a row, by the number of columns they are counted over
  // By the number of groups, whether they are apart, `no` and `ni`: groups follow from the first two.
  std::map<std::array<int, 4>, Weights> known_;
};

}  // namespace tessera::mapping
