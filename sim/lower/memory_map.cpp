#include "sim/lower/memory_map.h"

namespace tessera::lower {

BufferRef MemoryMap::claim(std::int64_t lo, std::int64_t hi) {
  auto fresh = std::make_shared<Buffer>();
  fresh->address = lo;
  auto it = ranges_.upper_bound(lo);
  if (it != ranges_.begin() && std::prev(it)->second.hi > lo) --it;
  while (it != ranges_.end() && it->first < hi) {
    const std::int64_t range_lo = it->first;
    const Range range = it->second;
    fresh->before.add(range.buffer->users);
    // A buffer that was claimed but is still empty hands on what it waits for itself.
    fresh->before.add(range.buffer->before);
    it = ranges_.erase(it);
    if (range_lo < lo) ranges_[range_lo] = {lo, range.buffer};
    if (range.hi > hi) it = ranges_.emplace(hi, Range{range.hi, range.buffer}).first;
  }
  ranges_[lo] = {hi, fresh};
  return fresh;
}

bool MemoryMap::holds(const BufferRef& buffer, std::int64_t hi) const {
  const auto it = ranges_.find(buffer->address);
  return it != ranges_.end() && it->second.buffer == buffer && it->second.hi == hi;
}

}  // namespace tessera::lower
