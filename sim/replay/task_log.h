// When every task of every engine ran: the k-th slice of an engine is its k-th task.
#pragma once
#include <algorithm>
#include <vector>

#include "sim/replay/replay_program.h"
#include "sim/trace/trace_sink.h"

namespace tessera::replay {

class TaskLog : public trace::TraceSink {
 public:
  explicit TaskLog(int engines) : tasks_(static_cast<std::size_t>(engines)) {}

  void task(const trace::Task& task) override {
    tasks_[static_cast<std::size_t>(task.engine)].push_back({task.begin, task.end});
  }

  // Work of the busiest engine of a lane.
  Millicycles busy(const LaneTasks& lane) const {
    Millicycles most = 0;
    for (const TaskSpan& s : lane) {
      Millicycles sum = 0;
      for (int i = s.first; i < s.last; ++i) sum += at(s, i).end - at(s, i).begin;
      most = std::max(most, sum);
    }
    return most;
  }

  Millicycles end(const LaneTasks& lane) const {
    Millicycles last = 0;
    for (const TaskSpan& s : lane)
      if (s.last > s.first) last = std::max(last, at(s, s.last - 1).end);
    return last;
  }

 private:
  struct Span {
    Millicycles begin, end;
  };
  const Span& at(const TaskSpan& s, int i) const {
    return tasks_[static_cast<std::size_t>(s.engine)][static_cast<std::size_t>(i)];
  }
  std::vector<std::vector<Span>> tasks_;
};

}  // namespace tessera::replay
