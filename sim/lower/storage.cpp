#include "sim/lower/storage.h"

#include <algorithm>
#include <limits>

namespace tessera::lower {
namespace {
constexpr int kept = std::numeric_limits<int>::max();  // last use of a place that is taken to the end of the layer
}

WaitSet writers_of(const Piece& piece, Span h, Span w, Span c) {
  const auto meet = [](Span a, Span b) { return a.lo < b.hi && b.lo < a.hi; };
  WaitSet waits;
  for (const Piece::Written& x : piece.writers)
    if (meet(x.h, h) && meet(x.w, w) && meet(x.c, c)) waits.add(x.by.engine, x.by.tasks);
  return waits;
}

std::vector<Segment> segments_of(Placement& placement, Span h, Span w) {
  std::vector<Segment> list;
  for (Piece& p : placement.pieces) {
    const Segment s{
        &p, {std::max(h.lo, p.h.lo), std::min(h.hi, p.h.hi)}, {std::max(w.lo, p.w.lo), std::min(w.hi, p.w.hi)}};
    if (!s.h.empty() && !s.w.empty()) list.push_back(s);
  }
  return list;
}

program::Access segment_access(const Segment& s, int c0, int n) {
  const Piece& p = *s.piece;
  program::Access a;
  a.base = p.buffer->address + (s.h.lo - p.h.lo) * p.row_step() + (s.w.lo - p.w.lo) * p.pixel_step + c0;
  a.rank = 3;
  a.dims[0] = program::repeated(n, 1);
  a.dims[1] = program::repeated(s.w.size(), p.pixel_step);
  a.dims[2] = program::repeated(s.h.size(), p.row_step());
  return a;
}

program::Access on_lattice(program::Access a, const ops::Lattice& lattice) {
  const auto thin = [](program::AccessDim& d, int step) {
    d.count = static_cast<std::int32_t>(ceil_div(d.count, step));
    d.step *= step;
  };
  thin(a.dims[1], lattice.w);
  thin(a.dims[2], lattice.h);
  return a;
}

void WeightSpace::used(std::int64_t lo, std::int64_t hi) {
  mark(lo, hi, ++uses_);
  changes_.clear();
}

void WeightSpace::set(std::int64_t lo, std::optional<int> use) {
  const auto it = last_.find(lo);
  changes_.push_back({lo, it == last_.end() ? std::nullopt : std::optional<int>(it->second)});
  if (it != last_.end()) by_use_.erase({it->second, lo});
  if (!use) {
    if (it != last_.end()) last_.erase(it);
    return;
  }
  last_[lo] = *use;
  by_use_.insert({*use, lo});
}

void WeightSpace::mark(std::int64_t lo, std::int64_t hi, int use) {
  const auto at = [&](std::int64_t address) {
    const auto it = last_.upper_bound(address);
    return it == last_.begin() ? 0 : std::prev(it)->second;
  };
  const int after = at(hi);
  for (auto it = last_.lower_bound(lo); it != last_.end() && it->first <= hi; it = last_.lower_bound(lo))
    set(it->first, std::nullopt);
  if (at(lo) != use) set(lo, use);
  if (after != use) set(hi, after);
}

int WeightSpace::last_use(std::int64_t lo, std::int64_t hi) const {
  auto it = last_.upper_bound(lo);
  int most = it == last_.begin() ? 0 : std::prev(it)->second;
  for (; it != last_.end() && it->first < hi; ++it) most = std::max(most, it->second);
  return most;
}

std::int64_t WeightSpace::turn(Bytes largest) const {
  std::int64_t at = gap_.lo;
  int least = kept;
  for (std::int64_t slot = gap_.lo; slot + largest <= gap_.hi; slot += round_up(largest, 32)) {
    const int last = last_use(slot, slot + largest);
    if (last >= least) continue;
    least = last;
    at = slot;
  }
  return at;
}

std::int64_t WeightSpace::ring(Bytes largest, int number, int channels) const {
  const Bytes slot = round_up(largest, 32);
  std::int64_t slots = std::max<std::int64_t>(1, gap_.size() / slot);
  if (slots > channels) slots -= slots % channels;
  return gap_.lo + number % slots * slot;
}

// The lowest of the places that begin where a run does, or the gap, and have been unused for longest.
std::int64_t WeightSpace::oldest(Bytes chunk) const {
  std::int64_t at = gap_.lo;
  int least = kept;
  const auto weigh = [&](std::int64_t start) {
    if (start < gap_.lo || start + chunk > gap_.hi) return;
    const int last = last_use(start, start + chunk);
    if (last > least || last == kept || (last == least && start >= at)) return;
    least = last;
    at = start;
  };
  weigh(gap_.lo);
  // A place was used no earlier than the run with which it begins.
  for (const auto& [use, start] : by_use_) {
    if (use > least) break;
    weigh(start);
  }
  return at;
}

bool WeightSpace::holds(const std::vector<Bytes>& chunks) const {
  Bytes all = 0;
  for (Bytes b : chunks) all += round_up(b, 32);
  return all <= gap_.size();
}

std::optional<std::vector<std::int64_t>> WeightSpace::even_places(const std::vector<Bytes>& chunks) const {
  Bytes slot = 0;
  for (Bytes b : chunks) slot = std::max(slot, round_up(b, 32));
  const Bytes all = slot * static_cast<Bytes>(chunks.size());
  if (all > gap_.size()) return std::nullopt;
  std::vector<std::int64_t> list;
  for (std::int64_t at = oldest(all); list.size() < chunks.size(); at += slot) list.push_back(at);
  return list;
}

std::vector<std::int64_t> WeightSpace::places(const std::vector<Bytes>& chunks) {
  std::vector<std::int64_t> list;
  for (Bytes b : chunks) {
    const std::int64_t at = oldest(round_up(b, 32)), end = at + round_up(b, 32);
    if (last_use(at, end) == kept) break;
    list.push_back(at);
    mark(at, end, kept);
  }
  // They are not used yet.
  const std::vector<Change> changes = std::exchange(changes_, {});
  for (auto it = changes.rbegin(); it != changes.rend(); ++it) set(it->lo, it->before);
  changes_.clear();
  if (list.size() == chunks.size()) return list;
  // Scattered they do not fit: one after the other.
  list.clear();
  std::int64_t at = gap_.lo;
  for (Bytes b : chunks) {
    list.push_back(at);
    at += round_up(b, 32);
  }
  return list;
}

}  // namespace tessera::lower
