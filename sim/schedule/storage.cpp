#include "sim/schedule/storage.h"

#include <algorithm>

namespace tessera {

WaitSet writers_of(const Piece& piece, Span h, Span w, Span c) {
  const auto meet = [](Span a, Span b) { return a.lo < b.hi && b.lo < a.hi; };
  WaitSet waits;
  for (const Piece::Written& x : piece.writers)
    if (meet(x.h, h) && meet(x.w, w) && meet(x.c, c)) waits.add(x.by.engine, x.by.tasks);
  return waits;
}

std::vector<Segment> segments_of(Home& home, Span h, Span w) {
  std::vector<Segment> list;
  for (Piece& p : home.pieces) {
    const Segment s{
        &p, {std::max(h.lo, p.h.lo), std::min(h.hi, p.h.hi)}, {std::max(w.lo, p.w.lo), std::min(w.hi, p.w.hi)}};
    if (!s.h.empty() && !s.w.empty()) list.push_back(s);
  }
  return list;
}

Access segment_access(const Segment& s, int c0, int n) {
  const Piece& p = *s.piece;
  Access a;
  a.base = p.buffer->address + (s.h.lo - p.h.lo) * p.row_step() + (s.w.lo - p.w.lo) * p.pixel_step + c0;
  a.rank = 3;
  a.dims[0] = repeated(n, 1);
  a.dims[1] = repeated(s.w.size(), p.pixel_step);
  a.dims[2] = repeated(s.h.size(), p.row_step());
  return a;
}

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

void TileAllocator::release(int owner) {
  live_.erase(std::remove_if(live_.begin(), live_.end(), [&](const Live& l) { return l.owner == owner; }), live_.end());
}

void TileAllocator::rename(int owner, int new_owner) {
  for (Live& l : live_)
    if (l.owner == owner) l.owner = new_owner;
}

void WeightRing::open(std::int64_t lo, std::int64_t hi) {
  lo_ = lo;
  hi_ = hi;
  if (next_ < lo_ || next_ >= hi_) next_ = lo_;
}

void WeightRing::reserve(Bytes bytes) {
  if (next_ + bytes > hi_) next_ = lo_;
}

std::int64_t WeightRing::next(Bytes bytes) {
  const Bytes size = round_up(bytes, 32);
  if (next_ + size > hi_) next_ = lo_;
  const std::int64_t at = next_;
  next_ += size;
  return at;
}

}  // namespace tessera
