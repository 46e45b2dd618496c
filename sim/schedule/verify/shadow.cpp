#include "sim/schedule/verify/shadow.h"

#include <algorithm>

namespace tessera::verifying {
namespace {

constexpr std::size_t most_readers = 4096;

// Records are met in no order of memory: they are on their way before they are looked at.
void prefetch([[maybe_unused]] const Record& r) {
#if defined(__GNUC__)
  __builtin_prefetch(&r);
#endif
}

std::size_t position(const std::vector<int>& ids, int id) {
  return static_cast<std::size_t>(std::find(ids.begin(), ids.end(), id) - ids.begin());
}

Region hull(const Region& a, const Region& b) {
  return {std::min(a.h0, b.h0), std::max(a.h1, b.h1), std::min(a.w0, b.w0),
          std::max(a.w1, b.w1), std::min(a.c0, b.c0), std::max(a.c1, b.c1)};
}

}  // namespace

Shadow::Shadow(std::int64_t bytes, int most_pages) {
  while ((bytes >> shift_) >= most_pages && shift_ < 62) ++shift_;
  pages_.resize(static_cast<std::size_t>(bytes >> shift_) + 1);
}

void Shadow::add_reader(Record& r, const Reader& reader) {
  if (r.first.who.engine < 0) {
    r.first = reader;
    return;
  }
  if (r.more < 0) {
    if (free_lists_.empty()) {
      free_lists_.push_back(static_cast<int>(lists_.size()));
      lists_.emplace_back();
    }
    r.more = free_lists_.back();
    free_lists_.pop_back();
  }
  lists_[r.more].push_back(reader);
}

void Shadow::forget_readers(Record& r) {
  r.first.who.engine = -1;
  if (r.more < 0) return;
  lists_[r.more].clear();
  free_lists_.push_back(r.more);
  r.more = -1;
}

int Shadow::add(const Placed& content, Stamp writer, int sum) {
  int id = static_cast<int>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Record& r = records_[id];
  r.writer = writer;
  r.sum = sum;
  const std::int64_t lo = content.base, hi = content.end();
  const std::size_t last = page(hi - 1);
  for (std::size_t i = page(lo); i <= last; ++i) {
    pages_[i].ranges.push_back({lo, hi});
    pages_[i].ids.push_back(id);
    pages_[i].contents.push_back(content);
  }
  return id;
}

void Shadow::remove(int id, const Placed& content) {
  const std::size_t last = page(content.end() - 1);
  for (std::size_t i = page(content.base); i <= last; ++i) {
    Page& p = pages_[i];
    const std::size_t at = position(p.ids, id);
    p.ranges[at] = p.ranges.back();
    p.ranges.pop_back();
    p.ids[at] = p.ids.back();
    p.ids.pop_back();
    p.contents[at] = p.contents.back();
    p.contents.pop_back();
  }
  forget_readers(records_[id]);
  free_.push_back(id);
}

void Shadow::replace(int id, const Placed& content, const Stamp& writer, int sum) {
  Page& p = pages_.front();
  const std::size_t at = position(p.ids, id);
  p.ranges[at] = {content.base, content.end()};
  p.contents[at] = content;
  Record& r = records_[id];
  forget_readers(r);
  r.writer = writer;
  r.sum = sum;
}

void Shadow::put(const Placed& content, const Stamp& writer, int sum) { add(content, writer, sum); }

void Shadow::note_read(Record& r, const Placed& content, const Region& part, const Stamp& who, const Clocks& clocks,
                       std::vector<Conflict>& races) {
  if (!clocks.knows(who.engine, r.writer)) races.push_back({r.writer, false, content.base});
  // A later read of the same engine replaces an earlier one of no more; when there are many, they become one hull.
  const bool many = r.more >= 0 && lists_[r.more].size() + 1 >= most_readers;
  const auto replace = [&](Reader& reader) {
    if (reader.who.engine != who.engine || (!many && !inside(reader.part, part))) return false;
    reader.part = hull(reader.part, part);
    reader.who = who;
    return true;
  };
  if (r.first.who.engine >= 0) {
    if (replace(r.first)) return;
    if (r.more >= 0)
      for (Reader& reader : lists_[r.more])
        if (replace(reader)) return;
  }
  add_reader(r, {who, part});
}

bool Shadow::read(const Placed& wanted, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                  int* sum) {
  std::int64_t missing = wanted.box.elements();
  each(wanted.base, wanted.end(), [&](int id, const Placed& content) {
    if (content.key != wanted.key) return true;
    const Region common = intersect(content.box, wanted.box);
    if (empty(common) || !content.agrees(wanted, common)) return true;
    Record& r = records_[id];
    note_read(r, content, common, who, clocks, races);
    if (sum != nullptr) *sum = r.sum;
    missing -= common.elements();
    return true;
  });
  return missing == 0;
}

bool Shadow::holds(const Placed& wanted) const {
  std::int64_t missing = wanted.box.elements();
  each(wanted.base, wanted.end(), [&](int, const Placed& content) {
    if (content.key != wanted.key) return true;
    const Region common = intersect(content.box, wanted.box);
    if (!empty(common) && content.agrees(wanted, common)) missing -= common.elements();
    return true;
  });
  return missing == 0;
}

bool Shadow::collect(std::int64_t lo, std::int64_t hi, const Stamp& who, const Clocks& clocks,
                     std::vector<Placed>& found, std::vector<Conflict>& races) {
  const std::size_t first = found.size();
  each(lo, hi, [&](int id, const Placed& content) {
    if (!content.dense()) return true;
    const std::int64_t base = content.base, from = std::max(lo, base), to = std::min(hi, content.end());
    parts_.clear();
    split_stream(content.box, from - base, to - from, parts_);
    for (const Region& part : parts_) {
      note_read(records_[id], content, part, who, clocks, races);
      found.push_back(content.cut(part));
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
  const Probe probe(where);
  each(where.base, where.end(), [&](int id, const Placed& content) {
    parts_.clear();
    shared_parts(content, probe, parts_);
    for (const Region& part : parts_) note_read(records_[id], content, part, who, clocks, races);
    return true;
  });
}

// The old record is overwritten, as a whole or where parts_ says.
void Shadow::judge_write(const Met& old, const Placed& content, const Stamp& who, const Clocks& clocks,
                         std::vector<Conflict>& races) const {
  const Record& r = records_[old.id];
  const std::int64_t address = std::max(content.base, old.content.base);
  if (!clocks.knows(who.engine, r.writer)) races.push_back({r.writer, false, address});
  each_reader(r, [&](const Reader& reader) {
    if (clocks.knows(who.engine, reader.who)) return;
    bool meets = old.covered;
    for (std::size_t i = 0; i < parts_.size() && !meets; ++i) meets = !empty(intersect(reader.part, parts_[i]));
    if (meets) races.push_back({reader.who, true, address});
  });
}

void Shadow::write(const Placed& content, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
                   int sum) {
  const std::int64_t lo = content.base, hi = content.end();
  const bool dense = content.dense();
  const Probe probe(content);
  met_.clear();
  each(lo, hi, [&](int id, const Placed& old) {
    const std::int64_t end = old.end();
    const bool covered = dense && old.base >= lo && end <= hi;
    bool aligned = false;
    if (!covered) {
      if (end - old.base == old.box.elements() && !probe.touches(old.base, end)) return true;
      aligned = one_grid(old, content);
      if (aligned && empty(intersect(old.box, content.box))) return true;
    }
    prefetch(records_[id]);
    met_.push_back({id, covered, aligned, old});
    return true;
  });
  if (met_.size() == 1 && met_.front().covered && pages_.size() == 1) {  // the usual case: a buffer is filled again
    judge_write(met_.front(), content, who, clocks, races);
    return replace(met_.front().id, content, who, sum);
  }
  for (const Met& old : met_) {
    parts_.clear();
    if (old.covered) {
      judge_write(old, content, who, clocks, races);
      remove(old.id, old.content);
      continue;
    }
    if (old.aligned) {
      parts_.push_back(intersect(old.content.box, content.box));
    } else {
      shared_parts_apart(old.content, probe, parts_);
      if (parts_.empty()) continue;
    }
    judge_write(old, content, who, clocks, races);
    left_.clear();
    subtract(old.content, content, left_);
    for (const Placed& p : left_) {
      const int piece = add(p, records_[old.id].writer, records_[old.id].sum);
      copied_.clear();
      each_reader(records_[old.id], [&](const Reader& reader) {
        if (!empty(intersect(reader.part, p.box))) copied_.push_back(reader);
      });
      for (const Reader& reader : copied_) add_reader(records_[piece], reader);
    }
    remove(old.id, old.content);
  }
  add(content, who, sum);
}

const Placed* Shadow::at(std::int64_t lo, std::int64_t hi) const {
  const Placed* found = nullptr;
  each(lo, hi, [&](int, const Placed& content) {
    if (touches(content, lo, hi)) found = &content;
    return found == nullptr;
  });
  return found;
}

}  // namespace tessera::verifying
