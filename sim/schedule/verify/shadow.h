// What stands in one memory while the program runs: records of content with who wrote and who read them. Reading and
// writing checks that everything that meets at an address is ordered.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/schedule/verify/boxes.h"
#include "sim/schedule/verify/clocks.h"

namespace tessera::verifying {

struct Reader {
  Stamp who;
  Region part;  // of the record's box
};

// Who made what stands somewhere and who read it: one line of the cache, as nearly all have one reader at most.
struct Record {
  Stamp writer;
  int sum = -1;   // partial sums: which chain of calls made it so far
  int more = -1;  // the other readers: a list of Shadow's
  Reader first;   // its engine -1: nobody
};

// Two accesses that nothing orders, or a read that does not find what it needs.
struct Conflict {
  Stamp other;
  bool other_reads = false;
  std::int64_t address = 0;
};

class Shadow {
 public:
  // Records are looked for in pages, as many as are worth it for a memory of this size.
  explicit Shadow(std::int64_t bytes = 0, int most_pages = 1);

  void put(const Placed& content, const Stamp& writer, int sum = -1);  // without any check

  // `who` reads `wanted`: true when every element stands there. Accesses that are not ordered go to `races`.
  bool read(const Placed& wanted, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
            int* sum = nullptr);
  bool holds(const Placed& wanted) const;
  // Reads whatever stands in [lo, hi), in order of address; false when some byte there was never written or is gone.
  bool collect(std::int64_t lo, std::int64_t hi, const Stamp& who, const Clocks& clocks, std::vector<Placed>& found,
               std::vector<Conflict>& races);
  // Reads bytes without caring what they are.
  void touch(const Placed& where, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races);
  // `who` writes `content` over whatever is there.
  void write(const Placed& content, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races, int sum = -1);

  // What stands somewhere in [lo, hi), or null: for messages.
  const Placed* at(std::int64_t lo, std::int64_t hi) const;

 private:
  // Where a record stands, beside it: what is looked for is found without touching the records that do not matter.
  struct Range {
    std::int64_t lo, hi;  // first address and one past the last
  };
  struct Page {  // all that meet it
    std::vector<Range> ranges;
    std::vector<int> ids;          // of the ranges
    std::vector<Placed> contents;  // of the ranges
  };
  struct Met {
    int id;
    bool covered, aligned;  // overwritten as a whole; on the grid of what is written
    Placed content;
  };

  void note_read(Record& r, const Placed& content, const Region& part, const Stamp& who, const Clocks& clocks,
                 std::vector<Conflict>& races);
  void judge_write(const Met& old, const Placed& content, const Stamp& who, const Clocks& clocks,
                   std::vector<Conflict>& races) const;
  // Readers of a record, by f(reader).
  template <class F>
  void each_reader(const Record& r, F&& f) const {
    if (r.first.who.engine < 0) return;
    f(r.first);
    if (r.more < 0) return;
    for (const Reader& reader : lists_[r.more]) f(reader);
  }
  void add_reader(Record& r, const Reader& reader);
  void forget_readers(Record& r);
  int add(const Placed& content, Stamp writer, int sum);
  // The one record of a single page that the content covers makes room for it in place.
  void replace(int id, const Placed& content, const Stamp& writer, int sum);
  void remove(int id, const Placed& content);
  std::size_t page(std::int64_t address) const {
    return std::min(static_cast<std::size_t>(address >> shift_), pages_.size() - 1);
  }
  // Calls f(id, content) once for every record whose range meets [lo, hi) until f returns false.
  template <class F>
  void each(std::int64_t lo, std::int64_t hi, F&& f) const {
    const std::size_t first = page(lo), last = page(hi - 1);
    for (std::size_t i = first; i <= last; ++i) {
      const Range* ranges = pages_[i].ranges.data();
      const int* ids = pages_[i].ids.data();
      const Placed* contents = pages_[i].contents.data();
      const std::size_t n = pages_[i].ranges.size();
      for (std::size_t k = 0; k < n; ++k) {
        const Range& s = ranges[k];
        if (s.hi <= lo || s.lo >= hi) continue;
        if (i > first && page(s.lo) < i) continue;  // was met before
        if (!f(ids[k], contents[k])) return;
      }
    }
  }

  int shift_ = 0;
  std::vector<Page> pages_;
  std::vector<Record> records_;
  std::vector<int> free_;
  std::vector<std::vector<Reader>> lists_;
  std::vector<int> free_lists_;
  std::vector<Met> met_;  // scratch
  std::vector<Region> parts_;
  std::vector<Placed> left_;
  std::vector<Reader> copied_;
};

}  // namespace tessera::verifying
