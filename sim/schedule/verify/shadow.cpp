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

Shadow::Shadow(std::int64_t bytes, int most_pages) {
  while ((bytes >> shift_) >= most_pages && shift_ < 62) ++shift_;
  pages_.resize(static_cast<std::size_t>(bytes >> shift_) + 1);
}

void Shadow::begin(Record& r, const Placed& content, const Stamp& writer, int sum) {
  r.content = content;
  r.lo = content.base;
  r.hi = content.end();
  r.writer = writer;
  r.readers.clear();
  r.sum = sum;
}

int Shadow::add(const Placed& content, const Stamp& writer, int sum) {
  int id = static_cast<int>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Record& r = records_[id];
  begin(r, content, writer, sum);
  const std::size_t last = page(r.hi - 1);
  for (std::size_t i = page(r.lo); i <= last; ++i) pages_[i].push_back({r.lo, r.hi, id, content.key});
  return id;
}

void Shadow::remove(int id) {
  const Record& r = records_[id];
  const std::size_t last = page(r.hi - 1);
  for (std::size_t i = page(r.lo); i <= last; ++i) {
    Page& p = pages_[i];
    std::size_t at = 0;
    while (p[at].id != id) ++at;
    p[at] = p.back();
    p.pop_back();
  }
  free_.push_back(id);
}

void Shadow::put(const Placed& content, const Stamp& writer, int sum) { add(content, writer, sum); }

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
  std::int64_t missing = wanted.box.elements();
  each(wanted.base, wanted.end(), [&](const Span& s) {
    if (s.key != wanted.key) return true;
    Record& r = records_[s.id];
    const Region common = intersect(r.content.box, wanted.box);
    if (empty(common) || !r.content.agrees(wanted, common)) return true;
    note_read(r, common, who, clocks, races);
    if (sum != nullptr) *sum = r.sum;
    missing -= common.elements();
    return true;
  });
  return missing == 0;
}

bool Shadow::holds(const Placed& wanted) const {
  std::int64_t missing = wanted.box.elements();
  each(wanted.base, wanted.end(), [&](const Span& s) {
    if (s.key != wanted.key) return true;
    const Placed& content = records_[s.id].content;
    const Region common = intersect(content.box, wanted.box);
    if (!empty(common) && content.agrees(wanted, common)) missing -= common.elements();
    return true;
  });
  return missing == 0;
}

bool Shadow::collect(std::int64_t lo, std::int64_t hi, const Stamp& who, const Clocks& clocks,
                     std::vector<Placed>& found, std::vector<Conflict>& races) {
  const std::size_t first = found.size();
  each(lo, hi, [&](const Span& s) {
    Record& r = records_[s.id];
    if (!r.content.dense()) return true;
    const std::int64_t from = std::max(lo, s.lo), to = std::min(hi, s.hi);
    parts_.clear();
    split_stream(r.content.box, from - s.lo, to - from, parts_);
    for (const Region& part : parts_) {
      note_read(r, part, who, clocks, races);
      found.push_back(r.content.cut(part));
    }
    return true;
  });
  if (found.size() > first + 1)
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
  each(where.base, where.end(), [&](const Span& s) {
    Record& r = records_[s.id];
    parts_.clear();
    shared_parts(r.content, where, parts_);
    for (const Region& part : parts_) note_read(r, part, who, clocks, races);
    return true;
  });
}

// The record is overwritten, as a whole or where parts_ says.
void Shadow::judge_write(const Record& r, const Placed& content, bool covered, const Stamp& who, const Clocks& clocks,
                         std::vector<Conflict>& races) const {
  const std::int64_t address = std::max(content.base, r.lo);
  if (!clocks.knows(who.engine, r.writer)) races.push_back({r.writer, false, address});
  for (const Reader& reader : r.readers) {
    if (clocks.knows(who.engine, reader.who)) continue;
    bool meets = covered;
    for (std::size_t i = 0; i < parts_.size() && !meets; ++i) meets = !empty(intersect(reader.part, parts_[i]));
    if (meets) races.push_back({reader.who, true, address});
  }
}

void Shadow::write(const Placed& content, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                   int sum) {
  const std::int64_t lo = content.base, hi = content.end();
  const bool dense = content.dense();
  met_.clear();
  each(lo, hi, [&](const Span& s) {
    met_.push_back(s.id);
    return true;
  });
  for (const int id : met_) {
    const Record& r = records_[id];
    parts_.clear();
    if (dense && r.lo >= lo && r.hi <= hi) {
      judge_write(r, content, true, who, clocks, races);
      if (r.lo != lo || r.hi != hi || met_.size() > 1) {
        remove(id);
        continue;
      }
      // The usual case: a buffer is filled again.
      const std::size_t last = page(hi - 1);
      for (std::size_t i = page(lo); i <= last; ++i)
        std::find_if(pages_[i].begin(), pages_[i].end(), [id](const Span& s) { return s.id == id; })->key = content.key;
      return begin(records_[id], content, who, sum);
    }
    shared_parts(r.content, content, parts_);
    if (parts_.empty()) continue;
    judge_write(r, content, false, who, clocks, races);
    left_.clear();
    subtract(r.content, content, left_);
    for (const Placed& p : left_) {
      const int piece = add(p, records_[id].writer, records_[id].sum);
      for (const Reader& reader : records_[id].readers)
        if (!empty(intersect(reader.part, p.box))) records_[piece].readers.push_back(reader);
    }
    remove(id);
  }
  add(content, who, sum);
}

const Record* Shadow::at(std::int64_t lo, std::int64_t hi) const {
  const Record* found = nullptr;
  each(lo, hi, [&](const Span& s) {
    if (touches(records_[s.id].content, lo, hi)) found = &records_[s.id];
    return found == nullptr;
  });
  return found;
}

}  // namespace tessera::verifying
