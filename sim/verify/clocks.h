// Who is known to be done by whom: one vector clock per engine that has steps. Component e of a clock is the number of
// instructions of engine e whose effects are over. Clocks are shared between an engine and the snapshots of it until
// the engine learns something, so that taking a snapshot costs nothing; an engine's own component stands apart.
// Short clocks forget what an engine of a compute tile has done when the news leave its tile: nobody else uses the
// memory and the locks of that tile, so all that is lost is an order that comes about by way of other tiles.
#pragma once
#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "sim/program/engine.h"

namespace tessera::verify {

// Instruction `ordinal` (from 1) of an engine; engine -1: the state before the program.
struct Stamp {
  program::EngineId engine = -1;
  std::int32_t ordinal = 0;
};

class Clocks {
 public:
  // `active`: engines that have steps.
  Clocks(const program::EngineMap& map, const std::vector<program::EngineId>& active, bool short_clocks);

  // The last instruction of an engine that `who` knows to be over.
  std::int32_t known(program::EngineId who, program::EngineId engine) const {
    const Place &w = place_[who], &e = place_[engine];
    if (engine == who) return std::numeric_limits<std::int32_t>::max();
    return e.tile < 0 || e.tile == w.tile ? pool_[rows_[w.row]].known[e.component] : 0;
  }
  bool knows(program::EngineId who, const Stamp& s) const { return s.engine < 0 || known(who, s.engine) >= s.ordinal; }
  void complete(program::EngineId e, std::int32_t ordinal) { own_[place_[e].row] = ordinal; }
  // `to` learns what `from` knows in the midst of an instruction; its instruction `ordinal` has been seen to the end.
  void learn(program::EngineId to, program::EngineId from, std::int32_t ordinal) {
    learn(to, from, rows_[place_[from].row], std::max(own_[place_[from].row], ordinal));
  }

  // A snapshot of an engine's clock, to be learnt from later and freed in the end.
  int keep(program::EngineId e);
  void learn_kept(program::EngineId to, int id) {
    const Kept& k = kept_[id];  // whoever knows an instruction to be over knows all that its engine knew then
    if (known(to, k.engine) < k.own) learn(to, k.engine, k.row, k.own);
  }
  void drop(int id);

 private:
  struct Row {
    std::unique_ptr<std::int32_t[]> known;
    int users = 0;
  };
  struct Kept {
    program::EngineId engine;  // it was taken from
    int row;
    std::int32_t own;
  };
  struct Place {
    int row = -1, component = 0;
    program::TileId tile = -1;  // outside of which the component is not known
  };
  void learn(program::EngineId to, program::EngineId from, int from_row, std::int32_t from_own);
  int fresh();

  std::vector<Place> place_;            // by engine
  std::size_t shared_ = 0, width_ = 0;  // components that all have, and with those of one tile; padded
  std::vector<int> rows_;               // by place: into pool_
  std::vector<std::int32_t> own_;       // by place
  std::vector<Row> pool_;
  std::vector<int> free_rows_;
  std::vector<Kept> kept_;
  std::vector<int> free_kept_;
};

}  // namespace tessera::verify
