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

struct Record {
  Placed content;
  std::int64_t lo = 0, hi = 0;  // first address and one past the last
  Stamp writer;
  std::vector<Reader> readers;
  int sum = -1;  // partial sums: which chain of calls made it so far
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

  // A record that meets [lo, hi), or null: for messages.
  const Record* at(std::int64_t lo, std::int64_t hi) const;

 private:
  // Where a record stands, beside the records: looking for the few that matter stays cheap.
  struct Span {
    std::int64_t lo, hi;  // first address and one past the last
    int id, key;
  };
  using Page = std::vector<Span>;  // all that meet it

  static void note_read(Record& r, const Region& part, const Stamp& who, const Clocks& clocks,
                        std::vector<Conflict>& races);
  void judge_write(const Record& r, const Placed& content, bool covered, const Stamp& who, const Clocks& clocks,
                   std::vector<Conflict>& races) const;
  // The record's slot with new content, nobody having read it yet.
  void begin(Record& r, const Placed& content, const Stamp& writer, int sum);
  int add(const Placed& content, const Stamp& writer, int sum);
  void remove(int id);
  std::size_t page(std::int64_t address) const {
    return std::min(static_cast<std::size_t>(address >> shift_), pages_.size() - 1);
  }
  // Calls f(span) once for every record whose span meets [lo, hi) until f returns false.
  template <class F>
  void each(std::int64_t lo, std::int64_t hi, F&& f) const {
    const std::size_t first = page(lo), last = page(hi - 1);
    for (std::size_t i = first; i <= last; ++i)
      for (const Span& s : pages_[i]) {
        if (s.hi <= lo || s.lo >= hi) continue;
        if (i > first && page(s.lo) < i) continue;  // was met before
        if (!f(s)) return;
      }
  }

  int shift_ = 0;
  std::vector<Page> pages_;
  std::vector<Record> records_;
  std::vector<int> free_;
  std::vector<int> met_;  // scratch
  std::vector<Region> parts_;
  std::vector<Placed> left_;
};

}  // namespace tessera::verifying
