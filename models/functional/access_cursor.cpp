#include "models/functional/access_cursor.h"

#include <limits>

namespace tessera::models {

AccessCursor::AccessCursor(const program::Access& a) : rank_(0), base_(a.base) {
  // Dimensions that continue the one inside them are one run.
  for (int d = 0; d < a.rank; ++d) {
    program::AccessDim dim = a.dims[static_cast<std::size_t>(d)];
    if (d == 0) dim.step = 1;
    if (rank_ > 0) {
      program::AccessDim& inner = dims_[static_cast<std::size_t>(rank_ - 1)];
      const bool padded = inner.pad_before != 0 || inner.pad_after != 0 || dim.pad_before != 0 || dim.pad_after != 0;
      const Bytes merged = Bytes{inner.count} * dim.count;
      if (!padded && (dim.count == 1 || dim.step == inner.step * inner.count) &&
          merged <= std::numeric_limits<std::int32_t>::max()) {
        inner.count = static_cast<std::int32_t>(merged);
        continue;
      }
    }
    dims_[static_cast<std::size_t>(rank_++)] = dim;
  }
  locate();
}

void AccessCursor::locate() {
  address_ = base_;
  line_in_memory_ = true;
  for (int d = 1; d < rank_; ++d) {
    const program::AccessDim& dim = dims_[static_cast<std::size_t>(d)];
    const Bytes i = position_[static_cast<std::size_t>(d)] - dim.pad_before;
    if (i < 0 || i >= dim.count) line_in_memory_ = false;
    address_ += i * dim.step;
  }
}

bool AccessCursor::in_memory() const {
  const Bytes i = position_[0] - dims_[0].pad_before;
  return line_in_memory_ && i >= 0 && i < dims_[0].count;
}

Bytes AccessCursor::run_left() const {
  const program::AccessDim& d = dims_[0];
  if (line_in_memory_ && position_[0] < d.pad_before) return d.pad_before - position_[0];
  if (line_in_memory_ && position_[0] < Bytes{d.pad_before} + d.count)
    return Bytes{d.pad_before} + d.count - position_[0];
  return extent(0) - position_[0];
}

void AccessCursor::advance(Bytes run) {
  position_[0] += run;
  if (position_[0] < extent(0)) return;
  position_[0] = 0;
  for (int d = 1; d < rank_; ++d) {
    if (++position_[static_cast<std::size_t>(d)] < extent(d)) break;
    position_[static_cast<std::size_t>(d)] = 0;
  }
  locate();
}

}  // namespace tessera::models
