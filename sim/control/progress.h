// What everybody knows to be complete: one row per engine, with the number of tasks of every engine that are over.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/base/maximum.h"
#include "sim/program/engine.h"

namespace tessera::control {

class Progress {
 public:
  explicit Progress(std::size_t engines) : width_(engines), rows_(engines * engines, 0) {}

  std::size_t width() const { return width_; }
  const std::int32_t* row(program::EngineId e) const { return &rows_[static_cast<std::size_t>(e) * width_]; }
  void complete(program::EngineId e, std::int32_t tasks) { know(e, e, tasks); }
  void know(program::EngineId who, program::EngineId engine, std::int32_t tasks) {
    std::int32_t& known = rows_[static_cast<std::size_t>(who) * width_ + static_cast<std::size_t>(engine)];
    known = std::max(known, tasks);
  }
  void learn(program::EngineId who, const std::int32_t* from) {
    raise_to(&rows_[static_cast<std::size_t>(who) * width_], from, width_);
  }

 private:
  std::size_t width_;
  std::vector<std::int32_t> rows_;
};

// Copies of rows, each kept until it is dropped.
class Snapshots {
 public:
  explicit Snapshots(std::size_t width) : width_(width) {}
  int keep(const std::int32_t* row) {
    if (free_.empty()) {
      free_.push_back(static_cast<int>(pool_.size() / width_));
      pool_.resize(pool_.size() + width_);
    }
    const int id = free_.back();
    free_.pop_back();
    std::copy_n(row, width_, &pool_[static_cast<std::size_t>(id) * width_]);
    return id;
  }
  // Until the next is kept.
  const std::int32_t* row(int id) const { return &pool_[static_cast<std::size_t>(id) * width_]; }
  void drop(int id) { free_.push_back(id); }

 private:
  std::size_t width_;
  std::vector<std::int32_t> pool_;  // row after row
  std::vector<int> free_;
};

}  // namespace tessera::control
