// What a channel holds while its tasks are pushed one after the other: chains in its descriptors, tasks in its queue.
#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "sim/control/tasks.h"

namespace tessera::control {

// A chain of descriptors that a channel holds.
struct Resident {
  int first = 0;  // descriptor, within the channel's own
  std::vector<ChainLink> chain;
  int turns = 1;         // so far
  std::size_t task = 0;  // of the channel, that used it last
};

// What one channel's tasks need of its queue and its descriptors, task by task.
class ChannelState {
 public:
  ChannelState() = default;
  ChannelState(std::vector<Execution> list, std::vector<Task> formed, int descriptors)
      : executions(std::move(list)), tasks(std::move(formed)), descriptors_(descriptors) {}

  // The task that must be complete before task `i` is pushed, for the queue and for the descriptors; -1: none.
  // `transfers`: of the channel that are known to be complete. A full queue is freed by two tasks at a time, which
  // halves the tokens.
  std::ptrdiff_t must_complete(std::size_t i, std::int32_t transfers) {
    while (static_cast<std::size_t>(complete_) < i && tasks[complete_].end <= static_cast<std::size_t>(transfers))
      ++complete_;
    const auto task = static_cast<std::ptrdiff_t>(i);
    const std::ptrdiff_t queued = task - complete_ >= arch::queued_tasks ? complete_ + 1 : -1;
    const std::ptrdiff_t must = std::max(queued, rewrites(i));
    return must < complete_ ? -1 : must;
  }
  // The last task whose descriptors task `i` is written over; -1: none.
  std::ptrdiff_t rewrites(std::size_t i) {
    std::ptrdiff_t last = -1;
    if (find(tasks[i]) != nullptr) return last;
    for (const Resident& r : residents_)
      if (overlaps(r, place(tasks[i]), tasks[i])) last = std::max(last, static_cast<std::ptrdiff_t>(r.task));
    return last;
  }
  // Where the chain of task `i` stands, and whether it has to be written there.
  std::pair<int, bool> use(std::size_t i) {
    if (Resident* r = find(tasks[i])) {
      r->task = i;
      r->turns += tasks[i].repeat;
      return {r->first, false};
    }
    const int at = place(tasks[i]);
    residents_.erase(std::remove_if(residents_.begin(), residents_.end(),
                                    [&](const Resident& r) { return overlaps(r, at, tasks[i]); }),
                     residents_.end());
    residents_.push_back({at, tasks[i].chain, tasks[i].repeat, i});
    next_ = at + static_cast<int>(tasks[i].chain.size());
    return {at, true};
  }

  // As before the first task.
  void empty() {
    next_ = 0;
    complete_ = 0;
    residents_.clear();
  }

  std::vector<Execution> executions;
  std::vector<Task> tasks;
  int base = 0;  // number of its first descriptor

 private:
  int place(const Task& task) const { return next_ + static_cast<int>(task.chain.size()) <= descriptors_ ? next_ : 0; }
  static bool overlaps(const Resident& r, int at, const Task& task) {
    return r.first < at + static_cast<int>(task.chain.size()) && at < r.first + static_cast<int>(r.chain.size());
  }
  bool same(const ChainLink& a, const ChainLink& b) const {
    const Execution &x = executions[a.execution], &y = executions[b.execution];
    return a.iterations == b.iterations && a.step == b.step && a.ends_at_last == b.ends_at_last && x.shape == y.shape &&
           x.base == y.base;
  }
  Resident* find(const Task& task) {
    // Addresses that move have to be back where they began.
    for (Resident& r : residents_)
      if (r.chain.size() == task.chain.size() &&
          std::all_of(r.chain.begin(), r.chain.end(),
                      [&](const ChainLink& l) { return l.step == 0 || r.turns % l.iterations == 0; }) &&
          std::equal(r.chain.begin(), r.chain.end(), task.chain.begin(),
                     [&](const ChainLink& a, const ChainLink& b) { return same(a, b); }))
        return &r;
    return nullptr;
  }

  int descriptors_ = 1;
  int next_ = 0;
  std::ptrdiff_t complete_ = 0;  // tasks that are known to be complete
  std::vector<Resident> residents_;
};

}  // namespace tessera::control
