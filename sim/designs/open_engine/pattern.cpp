#include "sim/designs/open_engine/pattern.h"

namespace tessera::designs::open_engine {

bool Pattern::extend(std::int64_t count, std::int64_t step) {
  if (count == 1) return true;
  Dim& last = dims_[static_cast<std::size_t>(rank_ - 1)];
  if (last.count * last.step == step && (rank_ < most_dims || last.count * count <= most_repeats)) {
    last.count *= count;
    return true;
  }
  return extend_apart(count, step);
}

bool Pattern::extend_apart(std::int64_t count, std::int64_t step) {
  if (count == 1) return true;
  if (rank_ == most_dims || (rank_ == most_dims - 1 && count > most_repeats)) return false;
  dims_[static_cast<std::size_t>(rank_++)] = {count, step};
  return true;
}

void Pattern::repeat(std::int64_t count) {
  while (rank_ < most_dims) dims_[static_cast<std::size_t>(rank_++)] = {1, 0};
  dims_[most_dims - 1] = {count, 0};
}

Pattern Pattern::moved(std::int64_t by) const {
  Pattern p = *this;
  p.base_ += by;
  return p;
}

std::int64_t Pattern::bytes() const {
  std::int64_t bytes = 1;
  for (int i = 0; i < rank_; ++i) bytes *= dim(i).count;
  return bytes;
}

}  // namespace tessera::designs::open_engine
