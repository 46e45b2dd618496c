// Who is known to be done by whom: one vector clock per engine that has steps. Component e of a clock is the number of
// instructions of engine e whose effects are over. Clocks are shared between an engine and the snapshots of it until
// the engine learns something, so that taking a snapshot costs nothing; an engine's own component stands apart.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "sim/program/engine.h"

namespace tessera::verifying {

// Instruction `ordinal` (from 1) of an engine; engine -1: the state before the program.
struct Stamp {
  EngineId engine = -1;
  std::int32_t ordinal = 0;
};

class Clocks {
 public:
  // `active`: engines that have steps.
  Clocks(int engines, const std::vector<EngineId>& active);

  bool knows(EngineId who, const Stamp& s) const {
    return s.engine < 0 || s.engine == who || row(slot_[who])[slot_[s.engine]] >= s.ordinal;
  }
  void complete(EngineId e, std::int32_t ordinal) { own_[slot_[e]] = ordinal; }
  // `to` learns what `from` knows; its instruction `ordinal` has been seen to the end as well.
  void learn(EngineId to, EngineId from, std::int32_t ordinal) {
    learn(slot_[to], rows_[slot_[from]], slot_[from], std::max(own_[slot_[from]], ordinal));
  }

  // A snapshot of an engine's clock, to be learnt from later and freed in the end.
  int keep(EngineId e);
  void learn_kept(EngineId to, int id) { learn(slot_[to], kept_[id].row, kept_[id].slot, kept_[id].own); }
  void drop(int id);

 private:
  struct Row {
    std::unique_ptr<std::int32_t[]> known;
    int users = 0;
  };
  struct Kept {
    int row, slot;
    std::int32_t own;  // of the engine it was taken from
  };
  const std::int32_t* row(int slot) const { return pool_[rows_[slot]].known.get(); }
  void learn(int to, int from_row, int from_slot, std::int32_t from_own);
  int fresh();

  std::vector<int> slot_;          // by engine
  std::size_t width_;              // padded
  std::vector<int> rows_;          // by slot: into pool_
  std::vector<std::int32_t> own_;  // by slot
  std::vector<Row> pool_;
  std::vector<int> free_rows_;
  std::vector<Kept> kept_;
  std::vector<int> free_kept_;
};

}  // namespace tessera::verifying
