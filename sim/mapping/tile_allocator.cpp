#include "sim/mapping/tile_allocator.h"

#include <algorithm>

namespace tessera::mapping {

std::vector<TileAllocator::Gap> TileAllocator::gaps() const {
  std::vector<Gap> list;
  std::int64_t at = 0;
  for (const Live& l : live_) {
    if (l.lo > at) list.push_back({at, l.lo});
    at = std::max(at, l.hi);
  }
  if (size_ > at) list.push_back({at, size_});
  return list;
}

TileAllocator::Gap TileAllocator::largest_gap() const {
  Gap best;
  for (const Gap& g : gaps())
    if (g.size() > best.size()) best = g;
  return best;
}

std::optional<std::int64_t> TileAllocator::find(Bytes bytes, bool high) const {
  std::optional<std::int64_t> low_end, high_end;
  Bytes low_rest = 0, high_rest = 0;
  for (const Gap& g : gaps()) {
    const bool fits = g.size() >= bytes;
    if (fits && !low_end) low_end = g.lo;
    if (fits) high_end = g.hi - bytes;
  }
  if (!low_end) return std::nullopt;
  for (const Gap& g : gaps()) {
    low_rest = std::max(low_rest, g.lo == *low_end ? g.size() - bytes : g.size());
    high_rest = std::max(high_rest, g.hi == *high_end + bytes ? g.size() - bytes : g.size());
  }
  if (low_rest == high_rest) return high ? high_end : low_end;
  return low_rest > high_rest ? low_end : high_end;
}

void TileAllocator::take(std::int64_t address, Bytes bytes, int owner) {
  const Live live{address, address + round_up(bytes, 32), owner};
  live_.insert(
      std::upper_bound(live_.begin(), live_.end(), live, [](const Live& a, const Live& b) { return a.lo < b.lo; }),
      live);
}

std::vector<TileAllocator::Gap> TileAllocator::release(int owner) {
  std::vector<Gap> freed;
  const auto end = std::remove_if(live_.begin(), live_.end(), [&](const Live& l) {
    if (l.owner == owner) freed.push_back({l.lo, l.hi});
    return l.owner == owner;
  });
  live_.erase(end, live_.end());
  return freed;
}

void TileAllocator::rename(int owner, int new_owner) {
  for (Live& l : live_)
    if (l.owner == owner) l.owner = new_owner;
}

}  // namespace tessera::mapping
