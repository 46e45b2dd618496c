// Who is known to be done by whom: one vector clock per engine that has steps. Component e of a clock is the number of
// instructions of engine e whose effects are over.
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
  Clocks(int engines, const std::vector<EngineId>& active) : slot_(engines, -1), width_(active.size()) {
    for (std::size_t i = 0; i < active.size(); ++i) slot_[active[i]] = static_cast<int>(i);
    now_.assign(width_ * width_, 0);
  }

  bool knows(EngineId who, const Stamp& s) const {
    return s.engine < 0 || s.engine == who || row(who)[slot_[s.engine]] >= s.ordinal;
  }
  void complete(EngineId e, std::int32_t ordinal) { row(e)[slot_[e]] = ordinal; }
  // `to` learns what `from` knows; its instruction `ordinal` has been seen to the end as well.
  void learn(EngineId to, EngineId from, std::int32_t ordinal) {
    merge(row(to), row(from));
    auto& known = row(to)[slot_[from]];
    known = std::max(known, ordinal);
  }

  // A snapshot of an engine's clock, to be learnt from later and freed in the end.
  int keep(EngineId e) {
    int id = static_cast<int>(kept_.size());
    if (free_.empty()) {
      kept_.push_back(std::make_unique<std::int32_t[]>(width_));
    } else {
      id = free_.back();
      free_.pop_back();
    }
    std::copy_n(row(e), width_, kept_[id].get());
    return id;
  }
  void learn_kept(EngineId to, int id) { merge(row(to), kept_[id].get()); }
  void drop(int id) { free_.push_back(id); }

 private:
  std::int32_t* row(EngineId e) { return now_.data() + static_cast<std::size_t>(slot_[e]) * width_; }
  const std::int32_t* row(EngineId e) const { return now_.data() + static_cast<std::size_t>(slot_[e]) * width_; }
  void merge(std::int32_t* to, const std::int32_t* from) {
    for (std::size_t i = 0; i < width_; ++i) to[i] = std::max(to[i], from[i]);
  }

  std::vector<int> slot_;
  std::size_t width_;
  std::vector<std::int32_t> now_;
  std::vector<std::unique_ptr<std::int32_t[]>> kept_;
  std::vector<int> free_;
};

}  // namespace tessera::verifying
