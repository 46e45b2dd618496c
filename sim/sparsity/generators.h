// Where masks come from when nobody has trained one: seeded patterns with an exact number of zero blocks.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::sparsity {

// Sides a block may have: what divides into, or is made of, the 8x8 blocks the kernels compute.
const std::vector<int>& legal_block_sides();
std::string legal_blocks_text();

struct Generator {
  const char* name;
  const char* meaning;
};
const std::vector<Generator>& generators();

// Whether round(ratio * blocks) is all of them.
bool would_empty(double ratio, std::int64_t blocks);

// Zero blocks that a ratio makes of `blocks` of them: round(ratio * blocks), and one less if that is all of them.
std::int64_t zero_blocks(double ratio, std::int64_t blocks);

// A mask of cout x cin channels in blocks of that size with exactly zero_blocks(ratio, blocks) zero blocks.
//   random     every choice of zero blocks is equally likely
//   balanced   rows of blocks differ by at most one in their non-zeros, and so do, per block, groups of rows
//   clustered  zero blocks come in aligned patches of 4x4 blocks
// A row of blocks (output channels that would be their bias alone) is empty only if there are fewer blocks than rows:
// otherwise a row that the pattern empties takes a block of the fullest one.
Expected<BlockMask> generate_mask(int cout, int cin, BlockSize block, double ratio, const std::string& pattern,
                                  std::uint64_t seed);

}  // namespace tessera::sparsity
