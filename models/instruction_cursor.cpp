#include "models/instruction_cursor.h"

namespace tessera::models {

std::int32_t InstructionCursor::next_of_loops() {
  for (;;) {
    if (!loops_.empty() && at_ == loops_.back().end) {
      if (--loops_.back().left > 0)
        at_ = loops_.back().begin;
      else
        loops_.pop_back();
      continue;
    }
    if (at_ == steps_->size()) return -1;
    const program::Step& step = (*steps_)[at_++];
    if (step.index >= 0) return step.index;
    const auto body = static_cast<std::size_t>(step.body);
    if (step.repeat > 0)
      loops_.push_back({at_, at_ + body, step.repeat});
    else
      at_ += body;
  }
}

}  // namespace tessera::models
