#include "sim/verify/shadow.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "sim/verify/prefetch.h"

namespace tessera::verify {
namespace {

constexpr std::size_t most_holes = 1024;
constexpr int no_key = -2;

std::int32_t line(std::int64_t address) {
  return static_cast<std::int32_t>(std::min<std::int64_t>(address >> 4, std::numeric_limits<std::int32_t>::max()));
}

std::size_t recent(std::int64_t address) { return static_cast<std::size_t>(address * 0x9e3779b1 >> 20) % 16; }

std::size_t padded(std::size_t n) { return (n + 31) / 32 * 32; }

// n ranges [first, last] of lines with keys; n is a multiple of 32.
struct Ranges {
  const std::int32_t *first, *last;
  const int* keys;
  std::size_t n;
};

// Which of the ranges meet [lo, hi] or are of the key.
void mark(const Ranges& ranges, std::int32_t lo, std::int32_t hi, int key, std::uint8_t* __restrict hits) {
  const std::int32_t* __restrict first = ranges.first, * __restrict last = ranges.last;
  const int* __restrict keys = ranges.keys;
  const std::size_t n = ranges.n / 32 * 32;
  for (std::size_t i = 0; i < n; ++i)
    hits[i] = static_cast<std::uint8_t>(((first[i] <= hi) & (last[i] >= lo)) | (keys[i] == key));
}

}  // namespace

// ---- order ----

// Uses of the plane that `who` does not know and that `meets(part)` says to be in its way.
template <class Meets>
void Shadow::judge(const Plane& p, const Claim& by, const Clocks& clocks, std::vector<Conflict>& races, Meets&& meets) {
  for (const User& user : p.users) {
    const std::int32_t known = clocks.known(by.who.engine, user.engine);
    const auto look = [&](int last, bool reads) {
      for (int i = last; i >= 0 && p.uses[i].ordinal > known; i = p.uses[i].before) {
        if (!meets(p.uses[i].part)) continue;
        return races.push_back({{user.engine, p.uses[i].ordinal}, reads, std::max(by.address, p.grid.base)});
      }
    };
    if (user.write_ordinal > known) look(user.write, false);
    if (by.writes && user.read_ordinal > known) look(user.read, true);
  }
}

void Shadow::note(Plane& p, const Stamp& who, bool writes, const program::Region& part) {
  std::size_t at = 0;
  while (at < p.users.size() && p.users[at].engine != who.engine) ++at;
  if (at == p.users.size()) p.users.push_back({who.engine});
  User& user = p.users[at];
  int& last = writes ? user.write : user.read;
  (writes ? user.write_ordinal : user.read_ordinal) = who.ordinal;
  if (last >= 0 && inside(p.uses[last].part, part)) {  // again and again
    p.uses[last].ordinal = who.ordinal;
    p.uses[last].part = part;
    return;
  }
  p.uses.push_back({who.ordinal, last, part});
  last = static_cast<int>(p.uses.size()) - 1;
}

void Shadow::read_part(Plane& p, const program::Region& part, const Stamp& who, const Clocks& clocks,
                       std::vector<Conflict>& races) {
  judge(p, {who, false, p.grid.base}, clocks, races, [&](const program::Region& used) { return meet(used, part); });
  note(p, who, false, part);
}

// ---- planes ----

void Shadow::find(std::int64_t lo, std::int64_t hi, int key) {
  const std::size_t n = here_.size();
  hits_.resize(padded(n));
  mark({first_.data(), last_.data(), key_.data(), hits_.size()}, line(lo), line(hi - 1), key, hits_.data());
  near_.clear();
  for (std::size_t i = 0; i < n; i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, &hits_[i], 8);
    if (eight == 0) continue;
    for (std::size_t k = i; k < std::min(i + 8, n); ++k)
      if (hits_[k] != 0) near_.push_back(static_cast<int>(k));
  }
  for (int slot : near_) prefetch(*here_[slot]);
}

void Shadow::place(const Plane& p) {
  first_[p.slot] = line(p.lo);
  last_[p.slot] = line(p.hi - 1);
}

void Shadow::fill(Plane& p, const Placed& content, int sum) {
  p.grid = content;
  p.lo = p.cut_lo = content.base;
  p.hi = p.cut_hi = content.end();
  p.sum = sum;
  p.lost = false;
  p.boxes.clear();
  p.boxes.push_back(content.box);
  p.holes.clear();
  p.uses.clear();
  p.users.clear();
}

Shadow::Plane& Shadow::fresh(const Placed& content, int sum) {
  if (free_.empty()) free_.push_back(&planes_.emplace_back());
  Plane& p = *free_.back();
  free_.pop_back();
  fill(p, content, sum);
  p.slot = static_cast<int>(here_.size());
  here_.push_back(&p);
  for (auto* column : {&first_, &last_, &key_}) column->resize(padded(here_.size()));
  key_[p.slot] = content.key;
  place(p);
  recent_[recent(content.base)] = &p;
  return p;
}

Shadow::Plane* Shadow::sole(std::int64_t lo, std::int64_t hi) {
  Plane* p = recent_[recent(lo)];
  const bool whole = p != nullptr && p->slot >= 0 && p->lo == lo && p->hi == hi && p->cut_lo == lo && p->cut_hi == hi &&
                     p->grid.base == lo && p->holes.empty() && p->boxes.size() == 1 &&
                     p->boxes[0].elements() == hi - lo;
  return whole ? p : nullptr;
}

void Shadow::remove(Plane& p) {
  const int slot = p.slot;
  free_.push_back(&p);
  here_.back()->slot = slot;
  for (auto* column : {&first_, &last_, &key_}) (*column)[slot] = (*column)[here_.size() - 1];
  here_[slot] = here_.back();
  here_.pop_back();
  p.slot = -1;
}

// Cuts out what was written over the plane.
void Shadow::settle(Plane& p) {
  if (p.lo > p.cut_lo) p.holes.push_back(bytes_at(-1, p.cut_lo, 0, p.lo - p.cut_lo));
  if (p.hi < p.cut_hi) p.holes.push_back(bytes_at(-1, p.hi, 0, p.cut_hi - p.hi));
  p.cut_lo = p.lo;
  p.cut_hi = p.hi;
  if (p.holes.empty()) return;
  p.lost = true;
  left_.clear();
  for (const program::Region& box : p.boxes) left_.push_back(p.grid.cut(box));
  for (const Placed& hole : p.holes) {
    const std::int64_t lo = hole.base, hi = hole.end();
    next_.clear();
    for (const Placed& part : left_) {
      if (part.base >= hi || lo >= part.end()) {
        next_.push_back(part);
      } else {
        subtract(part, hole, next_);
      }
    }
    left_.swap(next_);
  }
  p.holes.clear();
  p.boxes.clear();
  for (const Placed& part : left_) p.boxes.push_back(part.box);
}

// More of what stands on a plane; true when nothing of it stood there. Where the plane is without a gap, nothing is
// left of what was there before.
bool Shadow::join(Plane& p, const Placed& content) {
  settle(p);
  const bool apart = add_box(p.boxes, content.box);
  common_pitches(p.grid, content, p.grid.ph, p.grid.pw);
  p.grid = p.grid.cut(hull(p.grid.box, content.box));
  p.lo = p.cut_lo = p.grid.base;
  p.hi = p.cut_hi = p.grid.end();
  place(p);
  if (p.boxes.size() != 1 || !same(p.boxes[0], p.grid.box) || !p.grid.dense()) return apart;
  find(p.lo, p.hi, no_key);
  for (auto slot = near_.rbegin(); slot != near_.rend(); ++slot) {
    Plane& other = *here_[*slot];
    if (&other != &p) overwrite(other, p.grid, true);
  }
  return apart;
}

// Content stands where the plane stood, in part perhaps: dense content takes an end of its range, all else makes a
// hole.
void Shadow::overwrite(Plane& p, const Placed& content, bool dense) {
  const std::int64_t lo = content.base, hi = content.end();
  if (dense && lo <= p.lo) p.lo = std::max(p.lo, hi);
  if (dense && hi >= p.hi) p.hi = std::min(p.hi, lo);
  if (p.lo < p.hi && lo < p.hi && hi > p.lo) {
    p.holes.push_back(content);
    if (p.holes.size() >= most_holes) settle(p);
  }
  if (p.lo >= p.hi || p.boxes.empty()) return remove(p);
  place(p);
}

// ---- accesses ----

bool Shadow::read(const Placed& wanted, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                  int* sum) {
  std::int64_t missing = wanted.box.elements();
  if (Plane* p = sole(wanted.base, wanted.end()); p != nullptr && p->grid.key == wanted.key &&
                                                  p->grid.agrees(wanted, wanted.box) && same(p->grid.box, wanted.box)) {
    read_part(*p, wanted.box, who, clocks, races);
    if (sum != nullptr) *sum = p->sum;
    return true;
  }
  find(wanted.base, wanted.end(), no_key);
  for (int slot : near_) {
    if (key_[slot] != wanted.key) continue;
    Plane& p = *here_[slot];
    if (!meet(p.grid.box, wanted.box)) continue;
    settle(p);
    std::optional<program::Region> here;
    for (const program::Region& box : p.boxes)
      each_agreeing(p.grid, wanted, intersect(box, wanted.box), [&](const program::Region& part) {
        missing -= part.elements();
        here = here ? hull(*here, part) : part;
      });
    if (!here) continue;
    read_part(p, *here, who, clocks, races);
    if (sum != nullptr) *sum = p.sum;
  }
  return missing == 0;
}

bool Shadow::holds(const Placed& wanted) {
  std::int64_t missing = wanted.box.elements();
  find(wanted.base, wanted.end(), no_key);
  for (int slot : near_) {
    if (key_[slot] != wanted.key) continue;
    Plane& p = *here_[slot];
    settle(p);
    for (const program::Region& box : p.boxes)
      each_agreeing(p.grid, wanted, intersect(box, wanted.box),
                    [&](const program::Region& part) { missing -= part.elements(); });
  }
  return missing == 0;
}

bool Shadow::collect(std::int64_t lo, std::int64_t hi, const Stamp& who, const Clocks& clocks,
                     std::vector<Placed>& found, std::vector<Conflict>& races) {
  const std::size_t start = found.size();
  find(lo, hi, no_key);
  for (int slot : near_) {
    Plane& p = *here_[slot];
    if (p.lo >= hi || p.hi <= lo) continue;
    settle(p);
    for (const program::Region& box : p.boxes) {
      const Placed content = p.grid.cut(box);
      const std::int64_t from = std::max(lo, content.base), to = std::min(hi, content.end());
      if (from >= to || !content.dense()) continue;
      parts_.clear();
      split_stream(box, from - content.base, to - from, parts_);
      for (const program::Region& part : parts_) {
        read_part(p, part, who, clocks, races);
        found.push_back(p.grid.cut(part));
      }
    }
  }
  if (found.size() > start + 1)
    std::sort(found.begin() + static_cast<std::ptrdiff_t>(start), found.end(),
              [](const Placed& a, const Placed& b) { return a.base < b.base; });
  std::int64_t next = lo;
  for (std::size_t i = start; i < found.size(); ++i) {
    if (found[i].base != next) return false;
    next = found[i].end();
  }
  return next == hi;
}

void Shadow::touch(const Placed& where, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races) {
  find(where.base, where.end(), no_key);
  for (int slot : near_) {
    Plane& p = *here_[slot];
    settle(p);
    for (const program::Region& box : p.boxes) {
      parts_.clear();
      shared_parts(p.grid.cut(box), where, parts_);
      for (const program::Region& part : parts_) read_part(p, part, who, clocks, races);
    }
  }
}

void Shadow::write(const Placed& content, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                   int sum) {
  const std::int64_t lo = content.base, hi = content.end();
  const bool dense = content.dense();
  if (Plane* p = dense ? sole(lo, hi) : nullptr) {  // the usual case: a buffer is filled again
    judge(*p, {who, true, lo}, clocks, races,
          [&](const program::Region& used) { return share(p->grid.cut(used), content); });
    fill(*p, content, sum);
    key_[p->slot] = content.key;
    return note(*p, who, true, content.box);
  }
  Plane* home = nullptr;
  find(lo, hi, content.key);
  for (auto slot = near_.rbegin(); slot != near_.rend(); ++slot) {
    Plane& p = *here_[*slot];
    const bool covered = dense && p.lo >= lo && p.hi <= hi, aligned = !covered && one_grid(p.grid, content);
    if (aligned && home == nullptr && p.grid.key == content.key && p.sum == sum) {
      home = &p;
      continue;
    }
    if (p.lo >= hi || p.hi <= lo) continue;
    const Overlap overlap = covered ? Overlap::whole : may_overlap(p.grid, content);
    if (overlap == Overlap::none) continue;
    judge(p, {who, true, lo}, clocks, races, [&](const program::Region& used) {
      return aligned ? meet(used, content.box) : share(p.grid.cut(used), content);
    });
    if (overlap == Overlap::whole) {
      remove(p);
    } else {
      overwrite(p, content, dense);
    }
  }
  if (home == nullptr) return note(fresh(content, sum), who, true, content.box);
  // Where nothing has ever been there is nobody to be in the way of.
  if (!join(*home, content) || home->lost)
    judge(*home, {who, true, lo}, clocks, races, [&](const program::Region& used) { return meet(used, content.box); });
  note(*home, who, true, content.box);
}

std::optional<Placed> Shadow::at(std::int64_t lo, std::int64_t hi) {
  find(lo, hi, no_key);
  for (int slot : near_) {
    Plane& p = *here_[slot];
    settle(p);
    for (const program::Region& box : p.boxes)
      if (touches(p.grid.cut(box), lo, hi)) return p.grid.cut(box);
  }
  return std::nullopt;
}

}  // namespace tessera::verify
