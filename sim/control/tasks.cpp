#include "sim/control/tasks.h"

#include <algorithm>

namespace tessera::control {
namespace {

// A task is no longer than that, whatever its chain.
constexpr std::size_t longest_look = 1 << 14;

class Former {
 public:
  Former(const std::vector<Execution>& list, const TaskLimits& limits) : list_(list), limits_(limits) {}

  // The task from execution `first` on, before `end`, whose descriptors and push serve the most transfers each.
  Task longest(std::size_t first, std::size_t end) {
    Task best;
    double most = 0;
    for (int period = 1; period <= limits_.descriptors && first + period <= end; ++period) {
      const int turns = fold(first, end, period);
      const double served = static_cast<double>(turns) * period / (period + 1);
      if (served <= most) continue;
      most = served;
      best.chain = chain_;
      best.repeat = turns;
      best.executions = static_cast<std::size_t>(turns) * period;
    }
    const Execution& last = list_[first + best.executions - 1];
    best.begin = list_[first].first;
    best.end = last.first + last.count;
    return best;
  }

 private:
  // Whether the link can also do execution `at`, `turn` turns after the first of its place; it is adapted if so.
  bool serves(ChainLink& link, std::size_t first_at, std::size_t at, int turn) const {
    const Execution &first = list_[first_at], &x = list_[at];
    const std::int64_t apart = x.base - first.base;
    if (turn == 1) {
      const bool moves =
          first.rank <= limits_.dma.dimensions && apart >= 0 && apart % 4 == 0 && apart / 4 <= limits_.dma.max_step;
      if (apart != 0 && !moves) return false;
      link.step = apart;
    }
    if (link.step != 0 && link.iterations == turn) {  // it has moved on so far
      if (apart != 0) ++link.iterations;
      if (link.iterations > limits_.dma.iterations) return false;
    }
    if (link.step != 0 && apart != turn % link.iterations * link.step) return false;
    if (link.step == 0 && apart != 0) return false;
    const Execution& held = list_[link.execution];
    if (held.shape == x.shape) return true;
    if (held.run < 0 || held.run != x.run || held.count > 1 || x.count > 1) return false;
    link.ends_at_last = true;
    if (x.bytes <= held.bytes) return true;
    if (link.step != 0) return false;  // the registers of a longer transfer have the address of a later turn
    link.execution = at;
    return true;
  }

  // Turns that a chain of the first `period` executions can make; leaves it in chain_.
  int fold(std::size_t first, std::size_t end, int period) {
    chain_.clear();
    for (int i = 0; i < period; ++i) chain_.push_back({first + i, 1, 0, false});
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

  const std::vector<Execution>& list_;
  const TaskLimits& limits_;
  std::vector<ChainLink> chain_, before_;
};

}  // namespace

std::vector<Task> form_tasks(const std::vector<Execution>& executions, const std::vector<std::int32_t>& cuts,
                             const TaskLimits& limits) {
  Former former(executions, limits);
  std::vector<Task> tasks;
  auto cut = cuts.begin();
  std::size_t waits = 0;  // the next execution that does
  for (std::size_t first = 0; first < executions.size();) {
    std::size_t end = std::min(executions.size(), first + longest_look);
    for (waits = std::max(waits, first + 1); waits < executions.size() && !executions[waits].waits;) ++waits;
    end = std::min(end, waits);
    while (cut != cuts.end() && static_cast<std::size_t>(*cut) <= executions[first].first) ++cut;
    if (cut != cuts.end()) {
      const auto after =
          std::partition_point(executions.begin() + static_cast<std::ptrdiff_t>(first),
                               executions.begin() + static_cast<std::ptrdiff_t>(end),
                               [&](const Execution& x) { return x.first < static_cast<std::size_t>(*cut); });
      end = static_cast<std::size_t>(after - executions.begin());
    }
    Task task = former.longest(first, end);
    first += task.executions;
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace tessera::control
