// What stands in one memory while the program runs: records of content with who wrote and who read them. Reading and
// writing checks that everything that meets at an address is ordered.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
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
  int sum = -1;                  // partial sums: which chain of calls made it so far
  std::uint32_t generation = 0;  // counts the lives of this slot of Shadow
  bool alive = true;
};

// Two accesses that nothing orders, or a read that does not find what it needs.
struct Conflict {
  Stamp other;
  bool other_reads = false;
  std::int64_t address = 0;
};

class Shadow {
 public:
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
  void note_read(Record& r, const Region& part, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races);
  void add(Record record);
  void remove(std::size_t i);
  std::size_t next(std::size_t i, std::int64_t lo, std::int64_t hi) const;

  // Where each record stands, beside the records: looking for the few that matter stays cheap.
  struct Span {
    std::int64_t lo, hi;  // first address and one past the last
    int key;
  };
  std::vector<Span> spans_;
  std::vector<Record> records_;
  std::vector<Region> parts_;  // scratch
  std::vector<Placed> left_;
  std::vector<Record> rest_;
};

}  // namespace tessera::verifying
