// What stands in one memory while the program runs. Content of one key on one grid is a plane, whoever wrote it: which
// boxes of it stand there, and who wrote and read which part, so that everything that meets at an address can be
// checked to be ordered. What other content overwrites is cut out only when somebody reads the plane again; most planes
// are overwritten when nobody needs them any more.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sim/verify/boxes.h"
#include "sim/verify/clocks.h"

namespace tessera::verify {

// Two accesses that nothing orders.
struct Conflict {
  Stamp other;
  bool other_reads = false;
  std::int64_t address = 0;
};

class Shadow {
 public:
  void put(const Placed& content) { fresh(content, -1); }  // before the program, without any check

  // `who` reads `wanted`: true when every element stands there. Accesses that are not ordered go to `races`.
  bool read(const Placed& wanted, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races,
            int* sum = nullptr);
  bool holds(const Placed& wanted);
  // Reads whatever stands in [lo, hi), in order of address; false when some byte there was never written or is gone.
  bool collect(std::int64_t lo, std::int64_t hi, const Stamp& who, const Clocks& clocks, std::vector<Placed>& found,
               std::vector<Conflict>& races);
  // Reads bytes without caring what they are.
  void touch(const Placed& where, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races);
  // `who` writes `content` over whatever is there; `sum`: which chain of calls made these partial sums.
  void write(const Placed& content, const Stamp& who, const Clocks& clocks, std::vector<Conflict>& races, int sum = -1);

  // What stands somewhere in [lo, hi): for messages.
  std::optional<Placed> at(std::int64_t lo, std::int64_t hi);

 private:
  struct Use {
    std::int32_t ordinal;
    int before;  // the use of the same kind by the same engine before this one, -1: none
    program::Region part;
  };
  struct User {
    program::EngineId engine;
    int read = -1, write = -1;  // its last uses
    std::int32_t read_ordinal = 0, write_ordinal = 0;
  };
  struct Plane {
    std::int64_t lo, hi;          // first address and one past the last of what may be left of it
    std::int64_t cut_lo, cut_hi;  // the same when holes were last cut out
    int sum, slot;                // slot -1: free
    bool lost;                    // anything that ever stood there
    Placed grid;                  // its box is the hull of all that ever stood on it
    Few<User, 2> users;
    Few<Use, 3> uses;
    Boxes boxes;                // what stands there, but for the holes
    std::vector<Placed> holes;  // what was written over it since they were last cut out
  };

  // A use that is judged, and the address to name when it is refused.
  struct Claim {
    const Stamp& who;
    bool writes;
    std::int64_t address;
  };

  template <class Meets>
  static void judge(const Plane& p, const Claim& by, const Clocks& clocks, std::vector<Conflict>& races, Meets&& meets);
  static void note(Plane& p, const Stamp& who, bool writes, const program::Region& part);
  static void read_part(Plane& p, const program::Region& part, const Stamp& who, const Clocks& clocks,
                        std::vector<Conflict>& races);

  void settle(Plane& p);
  bool join(Plane& p, const Placed& content);
  void overwrite(Plane& p, const Placed& content, bool dense);
  Plane& fresh(const Placed& content, int sum);
  void remove(Plane& p);
  void place(const Plane& p);
  // Slots of planes that may meet [lo, hi) or are of this key, ascending, into near_.
  void find(std::int64_t lo, std::int64_t hi, int key);
  // The plane that is dense and holds every byte of [lo, hi) and no other: nothing else has to be looked at. Null when
  // that is not known.
  Plane* sole(std::int64_t lo, std::int64_t hi);
  static void fill(Plane& p, const Placed& content, int sum);

  std::deque<Plane> planes_;
  std::vector<Plane*> free_;
  // By slot, in columns that are searched many entries at a time: first and last line that a plane meets, its key.
  std::vector<std::int32_t> first_, last_, key_;
  std::vector<Plane*> here_;
  std::array<Plane*, 16> recent_{};  // by their first address
  // Scratch.
  std::vector<std::uint8_t> hits_;
  std::vector<int> near_;
  std::vector<program::Region> parts_;
  std::vector<Placed> left_, next_;
};

}  // namespace tessera::verify
