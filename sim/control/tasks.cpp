#include "sim/control/tasks.h"

#include <algorithm>

#include "sim/control/tuned.h"

namespace tessera::control {
namespace {

// A task is no longer than that, whatever its chain.
constexpr std::size_t longest_look = 1 << 14;

}  // namespace

// The execution before which a task from `first` on has to end.
std::size_t TaskFormer::end_of(std::size_t first) {
  std::size_t end = std::min(list_.size(), first + longest_look);
  for (waits_ = std::max(waits_, first + 1); waits_ < list_.size() && !list_[waits_].waits;) ++waits_;
  end = std::min(end, waits_);
  while (cut_ < cuts_.size() && static_cast<std::size_t>(cuts_[cut_]) <= list_[first].first) ++cut_;
  if (cut_ == cuts_.size()) return end;
  const auto begin = list_.begin();
  return static_cast<std::size_t>(
      std::partition_point(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end),
                           [&](const Execution& x) { return x.first < static_cast<std::size_t>(cuts_[cut_]); }) -
      begin);
}

int TaskFormer::wanted(int descriptors) {
  return ended() ? 0 : static_cast<int>(longest(next_, end_of(next_), descriptors).chain.size());
}

Task TaskFormer::next(int descriptors) {
  Task task = longest(next_, end_of(next_), descriptors);
  next_ += task.executions;
  return task;
}

Task TaskFormer::longest(std::size_t first, std::size_t end, int descriptors) {
  Task best;
  double most = 0;
  for (int period = 1; period <= descriptors && first + period <= end; ++period) {
    const int turns = fold(first, end, period);
    const double served = static_cast<double>(turns) * period / (period + 1);
    if (served <= most * (period > 1 ? tuned.worth_more_descriptors : 1)) continue;
    most = served;
    best.chain = chain_;
    best.repeat = turns;
    best.executions = static_cast<std::size_t>(turns) * period;
  }
  // A chain that runs once ends where one that turns can begin.
  for (std::size_t i = 1; best.repeat == 1 && i < best.executions; ++i)
    if (turns_well(first + i, end, descriptors)) {
      best.chain.resize(i);
      best.executions = i;
    }
  const Execution& last = list_[first + best.executions - 1];
  best.begin = list_[first].first;
  best.end = last.first + last.count;
  return best;
}

bool TaskFormer::turns_well(std::size_t first, std::size_t end, int descriptors) {
  for (int period = 1; period <= descriptors && first + 2 * period <= end; ++period) {
    const int turns = fold(first, end, period);
    if (turns > 1 && turns * period >= tuned.worth_a_task * (period + 1)) return true;
  }
  return false;
}

// Whether the link can also do execution `at`, `turn` turns after the first of its place; it is adapted if so.
bool TaskFormer::serves(ChainLink& link, std::size_t first_at, std::size_t at, int turn) const {
  const Execution &first = list_[first_at], &x = list_[at];
  const std::int64_t apart = x.base - first.base;
  if (turn == 1) {
    const bool moves = first.rank <= dma_.dimensions && apart >= 0 && apart % 4 == 0 && apart / 4 <= dma_.max_step;
    if (apart != 0 && !moves) return false;
    link.step = apart;
  }
  if (link.step != 0 && link.iterations == turn) {  // it has moved on so far
    if (apart != 0) ++link.iterations;
    if (link.iterations > dma_.iterations) return false;
  }
  if (link.step != 0 && apart != turn % link.iterations * link.step) return false;
  if (link.step == 0 && apart != 0) return false;
  const Execution& held = list_[link.execution];
  link.joins = link.joins || x.count > 1;
  if (held.shape == x.shape) return !(link.joins && link.ends_at_last);
  if (held.run < 0 || held.run != x.run || link.joins) return false;
  link.ends_at_last = true;
  if (x.bytes <= held.bytes) return true;
  if (link.step != 0) return false;  // the registers of a longer transfer have the address of a later turn
  link.execution = at;
  return true;
}

// Turns that a chain of the first `period` executions can make; leaves it in chain_.
int TaskFormer::fold(std::size_t first, std::size_t end, int period) {
  chain_.clear();
  for (int i = 0; i < period; ++i) chain_.push_back({first + i, 1, 0, false, list_[first + i].count > 1});
  int turn = 1;
  for (; turn < arch::most_task_repeats && first + (turn + 1) * period <= end; ++turn) {
    before_ = chain_;
    for (int i = 0; i < period; ++i)
      if (!serves(chain_[i], first + i, first + turn * period + i, turn)) {
        chain_ = before_;
        return turn;
      }
  }
  return turn;
}

}  // namespace tessera::control
