#include "sim/control/tasks.h"

#include <algorithm>

namespace tessera::control {
namespace {

// A task is no longer than that, whatever its chain.
constexpr std::size_t longest_look = 1 << 14;

class Former {
 public:
  Former(const program::EngineProgram& engine, const std::vector<std::int32_t>& order, const TaskLimits& limits)
      : engine_(engine), order_(order), limits_(limits) {}

  // The task from transfer `first` on, before `end`, whose descriptors and push serve the most transfers each.
  Task longest(std::size_t first, std::size_t end) const {
    Task best;
    double most = 0;
    for (int period = 1; period <= limits_.descriptors && first + period <= end; ++period) {
      Task task = folded(first, end, period);
      const double served = static_cast<double>(task.count) / (period + 1);
      if (served <= most) continue;
      most = served;
      best = std::move(task);
    }
    return best;
  }

 private:
  const program::Transfer& at(std::size_t i) const { return engine_.transfers[order_[i]]; }

  // Whether the link can also do `t`, `turn` turns after the first of its place; it is adapted if so.
  bool serves(ChainLink& link, std::size_t first_at, std::size_t t_at, int turn) const {
    const program::Transfer &first = at(first_at), &t = at(t_at);
    const std::int64_t apart = t.access.base - first.access.base;
    std::int64_t step = link.step;
    if (turn == 1) {
      step = apart;
      const bool moves =
          first.access.rank <= limits_.dma.dimensions && step >= 0 && step % 4 == 0 && step / 4 <= limits_.dma.max_step;
      if (step != 0 && !moves) return false;
    }
    if (apart != turn * step || (step != 0 && turn >= limits_.dma.iterations)) return false;
    const program::Transfer& held = engine_.transfers[link.transfer];
    program::Transfer same = held;
    same.access.base = t.access.base;
    bool ends = link.ends_at_last, longer = false;
    if (program::registers_of(same, limits_.outbound) != program::registers_of(t, limits_.outbound)) {
      if (limits_.outbound || !held.access.one_run() || !t.access.one_run()) return false;
      same.access = t.access;
      if (program::registers_of(same, false) != program::registers_of(t, false)) return false;
      ends = true;
      longer = t.access.memory_bytes() > held.access.memory_bytes();
    }
    // The registers of a longer transfer have the address of a later turn.
    if (longer && step != 0) return false;
    if (longer) link.transfer = order_[t_at];
    link.ends_at_last = ends;
    link.step = step;
    return true;
  }

  Task folded(std::size_t first, std::size_t end, int period) const {
    Task task;
    task.first = first;
    task.count = static_cast<std::size_t>(period);
    for (int i = 0; i < period; ++i) task.chain.push_back({order_[first + i], 1, 0, false});
    std::vector<ChainLink> chain = task.chain;
    for (int turn = 1; turn < arch::most_task_repeats && first + (turn + 1) * period <= end; ++turn) {
      for (int i = 0; i < period; ++i)
        if (!serves(chain[i], first + i, first + turn * period + i, turn)) return task;
      task.chain = chain;
      task.repeat = turn + 1;
      task.count = static_cast<std::size_t>(task.repeat) * period;
    }
    return task;
  }

  const program::EngineProgram& engine_;
  const std::vector<std::int32_t>& order_;
  const TaskLimits& limits_;
};

}  // namespace

std::vector<Task> form_tasks(const program::EngineProgram& engine, const std::vector<std::int32_t>& order,
                             const std::vector<std::int32_t>& cuts, const TaskLimits& limits) {
  const Former former(engine, order, limits);
  std::vector<Task> tasks;
  auto cut = cuts.begin();
  for (std::size_t first = 0; first < order.size();) {
    while (cut != cuts.end() && static_cast<std::size_t>(*cut) <= first) ++cut;
    std::size_t end = cut == cuts.end() ? order.size() : std::min(order.size(), static_cast<std::size_t>(*cut));
    end = std::min(end, first + longest_look);
    for (std::size_t i = first + 1; i < end; ++i)
      if (engine.transfers[order[i]].wait_count > 0) end = i;
    Task task = former.longest(first, end);
    for (ChainLink& link : task.chain)
      if (link.step != 0) link.iterations = static_cast<std::int16_t>(task.repeat);
    first += task.count;
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace tessera::control
