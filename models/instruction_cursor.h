// Walks the steps of one engine in execution order, loops unrolled on the fly.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/program/program.h"

namespace tessera::models {

class InstructionCursor {
 public:
  explicit InstructionCursor(const std::vector<program::Step>& steps) : steps_(&steps) {}
  // Index of the next instruction, -1 at the end of the list.
  std::int32_t next() {
    const bool plain = loops_.empty() && at_ < steps_->size() && (*steps_)[at_].index >= 0;
    return plain ? (*steps_)[at_++].index : next_of_loops();
  }

 private:
  std::int32_t next_of_loops();
  struct Loop {
    std::size_t begin, end;
    std::int32_t left;
  };
  const std::vector<program::Step>* steps_;
  std::size_t at_ = 0;
  std::vector<Loop> loops_;
};

}  // namespace tessera::models
