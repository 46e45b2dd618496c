#include "sim/schedule/verify/shadow.h"

#include <algorithm>

namespace tessera::verifying {
namespace {

constexpr std::size_t most_readers = 64;

Region hull(const Region& a, const Region& b) {
  return {std::min(a.h0, b.h0), std::max(a.h1, b.h1), std::min(a.w0, b.w0),
          std::max(a.w1, b.w1), std::min(a.c0, b.c0), std::max(a.c1, b.c1)};
}

}  // namespace

void Shadow::put(const Placed& content, const Stamp& writer, int sum) {
  Record r;
  r.content = content;
  r.lo = content.base;
  r.hi = content.end();
  r.writer = writer;
  r.sum = sum;
  records_.push_back(std::move(r));
}

void Shadow::note_read(Record& r, const Region& part, const Stamp& who, const Clocks& clocks,
                       std::vector<Conflict>& races) {
  if (!clocks.knows(who.engine, r.writer)) races.push_back({r.writer, false, r.lo});
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
  for (Record& r : records_) {
    if (r.hi <= lo || r.lo >= hi || r.content.key != wanted.key) continue;
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
  for (const Record& r : records_) {
    if (r.hi <= lo || r.lo >= hi || r.content.key != wanted.key) continue;
    const Region common = intersect(r.content.box, wanted.box);
    if (!empty(common) && r.content.agrees(wanted, common)) found += common.elements();
  }
  return found == wanted.box.elements();
}

bool Shadow::collect(std::int64_t lo, std::int64_t hi, const Stamp& who, const Clocks& clocks,
                     std::vector<Placed>& found, std::vector<Conflict>& races) {
  const std::size_t first = found.size();
  for (Record& r : records_) {
    if (r.hi <= lo || r.lo >= hi || !r.content.dense()) continue;
    const std::int64_t from = std::max(lo, r.lo), to = std::min(hi, r.hi);
    std::vector<Region> parts;
    split_stream(r.content.box, from - r.lo, to - from, parts);
    for (const Region& part : parts) {
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
  for (Record& r : records_) {
    if (r.hi <= lo || r.lo >= hi) continue;
    for (const Region& part : shared_parts(r.content, where)) note_read(r, part, who, clocks, races);
  }
}

void Shadow::write(const Placed& content, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                   int sum) {
  const std::int64_t lo = content.base, hi = content.end();
  std::vector<Record> rest;
  for (std::size_t i = 0; i < records_.size();) {
    Record& r = records_[i];
    std::vector<Region> parts;
    if (r.hi > lo && r.lo < hi) parts = shared_parts(r.content, content);
    if (parts.empty()) {
      ++i;
      continue;
    }
    if (!clocks.knows(who.engine, r.writer)) races.push_back({r.writer, false, std::max(lo, r.lo)});
    for (const Reader& reader : r.readers)
      for (const Region& part : parts)
        if (!clocks.knows(who.engine, reader.who) && !empty(intersect(reader.part, part)))
          races.push_back({reader.who, true, std::max(lo, r.lo)});
    std::vector<Placed> left;
    subtract(r.content, content, left);
    for (const Placed& p : left) {
      Record part = r;
      part.content = p;
      part.lo = p.base;
      part.hi = p.end();
      rest.push_back(std::move(part));
    }
    if (i + 1 < records_.size()) std::swap(records_[i], records_.back());
    records_.pop_back();
  }
  for (Record& r : rest) records_.push_back(std::move(r));
  put(content, who, sum);
}

const Record* Shadow::at(std::int64_t lo, std::int64_t hi) const {
  for (const Record& r : records_)
    if (r.hi > lo && r.lo < hi && touches(r.content, lo, hi)) return &r;
  return nullptr;
}

}  // namespace tessera::verifying
