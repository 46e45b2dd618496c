#include "sim/schedule/verify/shadow.h"

#include <algorithm>

namespace tessera::verifying {
namespace {

constexpr std::size_t most_readers = 4096;

Region hull(const Region& a, const Region& b) {
  return {std::min(a.h0, b.h0), std::max(a.h1, b.h1), std::min(a.w0, b.w0),
          std::max(a.w1, b.w1), std::min(a.c0, b.c0), std::max(a.c1, b.c1)};
}

}  // namespace

void Shadow::add(Record record) {
  spans_.push_back({record.content.base, record.content.end(), record.content.key});
  records_.push_back(std::move(record));
}

void Shadow::remove(std::size_t i) {
  if (i + 1 < records_.size()) {
    spans_[i] = spans_.back();
    std::swap(records_[i], records_.back());
  }
  spans_.pop_back();
  records_.pop_back();
}

// The first record from `i` on that may meet [lo, hi).
std::size_t Shadow::next(std::size_t i, std::int64_t lo, std::int64_t hi) const {
  const std::size_t n = spans_.size();
  const Span* spans = spans_.data();
  while (i < n && (spans[i].hi <= lo || spans[i].lo >= hi)) ++i;
  return i;
}

void Shadow::put(const Placed& content, const Stamp& writer, int sum) {
  Record r;
  r.content = content;
  r.writer = writer;
  r.sum = sum;
  add(std::move(r));
}

void Shadow::note_read(Record& r, const Region& part, const Stamp& who, const Clocks& clocks,
                       std::vector<Conflict>& races) {
  if (!clocks.knows(who.engine, r.writer)) races.push_back({r.writer, false, r.content.base});
  // A later read of the same engine replaces an earlier one of no more; when there are many, they become one hull.
  for (Reader& reader : r.readers) {
    if (reader.who.engine != who.engine) continue;
    if (!inside(reader.part, part) && r.readers.size() < most_readers) continue;
    reader.part = hull(reader.part, part);
    reader.who = who;
    return;
  }
  r.readers.push_back({who, part});
}

bool Shadow::read(const Placed& wanted, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                  int* sum) {
  const std::int64_t lo = wanted.base, hi = wanted.end(), all = wanted.box.elements();
  std::int64_t found = 0;
  for (std::size_t i = next(0, lo, hi); i < spans_.size(); i = next(i + 1, lo, hi)) {
    if (spans_[i].key != wanted.key) continue;
    Record& r = records_[i];
    const Region common = intersect(r.content.box, wanted.box);
    if (empty(common) || !r.content.agrees(wanted, common)) continue;
    note_read(r, common, who, clocks, races);
    if (sum != nullptr) *sum = r.sum;
    found += common.elements();
    if (found == all) return true;
  }
  return found == all;
}

bool Shadow::holds(const Placed& wanted) const {
  const std::int64_t lo = wanted.base, hi = wanted.end();
  std::int64_t found = 0;
  for (std::size_t i = next(0, lo, hi); i < spans_.size(); i = next(i + 1, lo, hi)) {
    if (spans_[i].key != wanted.key) continue;
    const Placed& content = records_[i].content;
    const Region common = intersect(content.box, wanted.box);
    if (!empty(common) && content.agrees(wanted, common)) found += common.elements();
  }
  return found == wanted.box.elements();
}

bool Shadow::collect(std::int64_t lo, std::int64_t hi, const Stamp& who, const Clocks& clocks,
                     std::vector<Placed>& found, std::vector<Conflict>& races) {
  const std::size_t first = found.size();
  for (std::size_t i = next(0, lo, hi); i < spans_.size(); i = next(i + 1, lo, hi)) {
    const Span& s = spans_[i];
    Record& r = records_[i];
    if (!r.content.dense()) continue;
    const std::int64_t from = std::max(lo, s.lo), to = std::min(hi, s.hi);
    parts_.clear();
    split_stream(r.content.box, from - s.lo, to - from, parts_);
    for (const Region& part : parts_) {
      note_read(r, part, who, clocks, races);
      found.push_back(r.content.cut(part));
    }
  }
  std::sort(found.begin() + static_cast<std::ptrdiff_t>(first), found.end(),
            [](const Placed& a, const Placed& b) { return a.base < b.base; });
  std::int64_t next = lo;
  for (std::size_t i = first; i < found.size(); ++i) {
    if (found[i].base != next) return false;
    next = found[i].end();
  }
  return next == hi;
}

void Shadow::touch(const Placed& where, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races) {
  const std::int64_t lo = where.base, hi = where.end();
  for (std::size_t i = next(0, lo, hi); i < spans_.size(); i = next(i + 1, lo, hi)) {
    parts_.clear();
    shared_parts(records_[i].content, where, parts_);
    for (const Region& part : parts_) note_read(records_[i], part, who, clocks, races);
  }
}

void Shadow::write(const Placed& content, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                   int sum) {
  const std::int64_t lo = content.base, hi = content.end();
  const bool dense = content.dense();
  rest_.clear();
  for (std::size_t i = next(0, lo, hi); i < spans_.size(); i = next(i, lo, hi)) {
    const Span s = spans_[i];
    Record& r = records_[i];
    const bool covered = dense && s.lo >= lo && s.hi <= hi;
    parts_.clear();
    if (covered) {
      parts_.push_back(r.content.box);
    } else {
      shared_parts(r.content, content, parts_);
    }
    if (parts_.empty()) {
      ++i;
      continue;
    }
    if (!clocks.knows(who.engine, r.writer)) races.push_back({r.writer, false, std::max(lo, s.lo)});
    for (const Reader& reader : r.readers) {
      if (clocks.knows(who.engine, reader.who)) continue;
      for (const Region& part : parts_)
        if (!empty(intersect(reader.part, part))) races.push_back({reader.who, true, std::max(lo, s.lo)});
    }
    if (!covered) {
      left_.clear();
      subtract(r.content, content, left_);
      for (const Placed& p : left_) {
        Record part = r;
        part.content = p;
        rest_.push_back(std::move(part));
      }
    }
    remove(i);
  }
  for (Record& r : rest_) add(std::move(r));
  put(content, who, sum);
}

const Record* Shadow::at(std::int64_t lo, std::int64_t hi) const {
  for (std::size_t i = next(0, lo, hi); i < spans_.size(); i = next(i + 1, lo, hi))
    if (touches(records_[i].content, lo, hi)) return &records_[i];
  return nullptr;
}

}  // namespace tessera::verifying
