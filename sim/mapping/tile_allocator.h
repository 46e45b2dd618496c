// Allocation of tensors (and staging buffers) in one memory tile, from both ends, so that one large gap is left for
// weights. Whatever is not live may be overwritten once its users are done; MemoryMap keeps them apart.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/units.h"

namespace tessera::mapping {

class TileAllocator {
 public:
  explicit TileAllocator(Bytes size) : size_(size) {}
  // The free place nearest to one of the two ends that leaves the largest gap; `high` decides between equals.
  std::optional<std::int64_t> find(Bytes bytes, bool high) const;
  void take(std::int64_t address, Bytes bytes, int owner);
  struct Gap {
    std::int64_t lo = 0, hi = 0;
    Bytes size() const { return hi - lo; }
  };
  std::vector<Gap> release(int owner);  // what is free now
  void rename(int owner, int new_owner);
  Gap largest_gap() const;
  Bytes size() const { return size_; }

 private:
  struct Live {
    std::int64_t lo, hi;
    int owner;
  };
  std::vector<Gap> gaps() const;
  Bytes size_;
  std::vector<Live> live_;  // sorted by lo
};

}  // namespace tessera::mapping
