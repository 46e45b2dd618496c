// Zeros around a part of a map, beyond what the padding of one descriptor adds.
//
//   +-----------------------+   A descriptor sends no zeros alone: at least one element of memory is among them. Blocks
//   |   blocks, from the    |   of zeros are therefore sent first, from outside to inside, and each has its one element
//   +------+---------+------+   where a later block, or the map itself, is written over it.
//   |blocks| the map |blocks|
//   |      | + zeros |      |
//   +------+---------+------+
//   |    outside to inside  |
//   +-----------------------+
#pragma once
#include <vector>

#include "sim/lower/storage.h"

namespace tessera::lower {

struct Rectangle {
  Span h, w;
};

struct ZeroBlock {
  Rectangle area;
  Span c;            // channels
  int h = 0, w = 0;  // position of the element that is read, within the area
};

struct Padding {
  std::vector<ZeroBlock> blocks;  // in the order in which they are sent
  Rectangle map;                  // what the descriptor of the map itself delivers, after them
};

// Zeros for all of a rectangle that lies on that side of the map, from its outer edge to the line behind its inner one.
enum class Side { above, below, left, right };
std::vector<ZeroBlock> zeros_outside(const Rectangle& all, Side side, Span c, const arch::DmaSpec& source,
                                     const arch::DmaSpec& sink);

// What covers `all`, of which `map` stands in memory. No side of a block is longer than fields of the source's
// descriptors can say, no run of it longer than those of the sink's.
Padding padding_of(const Rectangle& all, const Rectangle& map, Span c, const arch::DmaSpec& source,
                   const arch::DmaSpec& sink);

}  // namespace tessera::lower
