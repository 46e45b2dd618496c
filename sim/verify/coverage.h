// Third pass: is every element of every layer computed once, from every present weight block once, and put once at its
// placement? Counts in cells of one pixel by 8 stored channels.
#pragma once
#include "sim/verify/boxes.h"
#include "sim/verify/findings.h"

namespace tessera::verify {

// Input channels that a run of calls on one tile of partial sums has consumed.
struct Sum {
  int layer = 0;
  program::Region out;
  std::vector<std::pair<int, int>> blocks;  // ranges of 8-channel input blocks
};

class Coverage {
 public:
  Coverage(const program::Program& program, Findings& findings);

  void computed(int layer, const program::Region& out) { computed_[layer].add(out); }
  void put(int tensor, const program::Region& region) { put_[tensor].add(region); }
  // Adds input blocks to a sum; a message when some of them are in it already.
  static std::string consume(Sum& sum, int block0, int block1);
  // A message when a present weight block of the sum's rows has not been consumed.
  std::string missing(const Sum& sum, const std::vector<int>& rows) const;

  // Whether anything was put into these channels of a tensor.
  bool put_into(int tensor, int c0, int c1) const;

  void finish();

 private:
  // Cells that were counted once, and those that were counted again, each time.
  struct Count {
    Boxes once;
    std::vector<program::Region> again;
    void add(const program::Region& r) { add_box(once, r, &again); }
    bool any(int c0, int c1) const;
  };
  // Complains when not every cell of the channels [c0, c1) has been counted once.
  void require_once(const Count& count, int layer, int c0, int c1, const char* what, const char* never);

  const program::Program& p_;
  Findings& findings_;
  std::vector<Count> computed_, put_;
};

}  // namespace tessera::verify
