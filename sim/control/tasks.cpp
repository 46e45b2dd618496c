#include "sim/control/tasks.h"

#include <algorithm>

#include "sim/control/tuned.h"

namespace tessera::control {
namespace {

// A task is no longer than that, whatever its chain.
constexpr std::size_t longest_look = 1 << 14;

}  // namespace

std::pair<Task*, bool> KnownTasks::emplace(std::size_t execution, int descriptors) {
  if (execution >= first_.size()) first_.resize(execution + 1, -1);
  for (int at = first_[execution]; at >= 0; at = entries_[static_cast<std::size_t>(at)].next) {
    Entry& entry = entries_[static_cast<std::size_t>(at)];
    if (entry.descriptors == descriptors) return {&entry.task, false};
  }
  entries_.push_back({descriptors, std::exchange(first_[execution], static_cast<int>(entries_.size())), {}});
  return {&entries_.back().task, true};
}

// The execution before which a task from `first` on has to end.
std::size_t TaskFormer::end_of(std::size_t first) {
  std::size_t end = std::min(list_.size(), first + longest_look);
  for (waits_ = std::max(waits_, first + 1); waits_ < list_.size() && !list_[waits_].waits();) ++waits_;
  end = std::min(end, waits_);
  while (cut_ < cuts_.size() && static_cast<std::size_t>(cuts_[cut_]) <= list_[first].first) ++cut_;
  if (cut_ == cuts_.size()) return end;
  const auto begin = list_.begin();
  return static_cast<std::size_t>(
      std::partition_point(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end),
                           [&](const Execution& x) { return x.first < static_cast<std::size_t>(cuts_[cut_]); }) -
      begin);
}

const Task& TaskFormer::known(int descriptors) {
  const auto [task, added] = known_.emplace(next_, descriptors);
  if (added) *task = longest(next_, end_of(next_), descriptors);
  return *task;
}

int TaskFormer::wanted(int descriptors) {
  if (ended()) return 0;
  wanted_ = &known(descriptors);
  most_ = descriptors;
  return static_cast<int>(wanted_->chain.size());
}

const Task& TaskFormer::next(int descriptors) {
  // With fewer descriptors a chain that turns and that they hold is still the best.
  const bool holds = wanted_ != nullptr && descriptors <= most_ && wanted_->repeat > 1 &&
                     wanted_->chain.size() <= static_cast<std::size_t>(descriptors);
  const Task& task = holds ? *wanted_ : known(descriptors);
  wanted_ = nullptr;
  next_ += task.executions;
  return task;
}

Task TaskFormer::longest(std::size_t first, std::size_t end, int descriptors) {
  Task best;
  double most = 0;
  for (int period = 1; period <= descriptors && first + period <= end; ++period) {
    const auto served = [&](int turns) { return static_cast<double>(turns) * period / (period + 1); };
    const double enough = most * (period > 1 ? tuned.worth_more_descriptors : 1);
    const auto possible = static_cast<int>(
        std::min<std::size_t>(arch::most_task_repeats, (end - first) / static_cast<std::size_t>(period)));
    if (served(possible) <= enough) continue;
    const int turns = fold(first, end, period, arch::most_task_repeats);
    if (served(turns) <= enough) continue;
    most = served(turns);
    best.repeat = turns;
    best.executions = static_cast<std::size_t>(turns) * period;
    if (turns > 1) best.chain.swap(chain_);
  }
  // A chain that runs once ends where one that turns can begin.
  for (std::size_t i = 1; best.repeat == 1 && i < best.executions; ++i)
    if (turns_well(first + i, end, descriptors)) best.executions = i;
  if (best.repeat == 1) {
    best.chain.clear();
    for (std::size_t i = 0; i < best.executions; ++i) best.chain.push_back(link_of(first + i));
  }
  const Execution& last = list_[first + best.executions - 1];
  best.begin = list_[first].first;
  best.end = last.first + last.count;
  return best;
}

bool TaskFormer::turns_well(std::size_t first, std::size_t end, int descriptors) {
  for (int period = 1; period <= descriptors && first + 2 * period <= end; ++period) {
    ChainLink link = link_of(first);
    if (!serves(link, first, first + period, 1)) continue;             // most do not turn at all
    const double enough = tuned.worth_a_task * (period + 1) / period;  // turns
    const int turns = fold(first, end, period, static_cast<int>(enough) + 2);
    if (turns > 1 && turns * period >= tuned.worth_a_task * (period + 1)) return true;
  }
  return false;
}

ChainLink TaskFormer::link_of(std::size_t execution) const {
  return {execution, 1, 0, false, list_[execution].count > 1};
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

// Turns that a chain of the first `period` executions can make, up to `most`; leaves it in chain_ if it turns.
int TaskFormer::fold(std::size_t first, std::size_t end, int period, int most) {
  chain_.clear();
  int turn = 1;
  for (; turn < most && first + (turn + 1) * period <= end; ++turn) {
    turned_ = chain_;
    for (int i = 0; i < period; ++i) {
      if (turn == 1) turned_.push_back(link_of(first + i));
      if (!serves(turned_[i], first + i, first + turn * period + i, turn)) return turn;
    }
    chain_.swap(turned_);
  }
  return turn;
}

}  // namespace tessera::control
