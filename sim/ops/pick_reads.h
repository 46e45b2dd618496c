// Which pixels a pick reads for a range of its output pixels, and how many at most for any range of a length. Digits
// that differ within the range bound what is read: the outermost of them by its values, those behind it by all theirs.
#pragma once
#include "sim/ops/layer.h"

namespace tessera::ops {

// Rows and columns, half open; channels are left as they are. One element where all are zeros.
void pick_reads(const Layer& layer, Region& region);
// Height and width for a box of this size.
void pick_reads_at_most(const Layer& layer, Shape& box);

}  // namespace tessera::ops
