// The executions of a channel, in order, as tasks: a short chain of descriptors that runs a number of times.
// Descriptors of one place in the chain agree in all registers; their addresses may move by a fixed step (iteration),
// as those of two buffers in turn do, and what comes in may be shorter than the longest of them (it ends with the
// stream).
#pragma once
#include <deque>
#include <utility>
#include <vector>

#include "sim/control/executions.h"

namespace tessera::control {

struct ChainLink {
  std::size_t execution = 0;    // whose registers the descriptor has
  std::int16_t iterations = 1;  // turns after which it is back at its first address
  std::int64_t step = 0;        // bytes
  bool ends_at_last = false;
  bool joins = false;  // takes several transfers as one, at some turn: no end of a stream may end it
};

struct Task {
  std::size_t begin = 0, end = 0;  // of the channel's transfers, in order of execution
  std::size_t executions = 0;
  std::vector<ChainLink> chain;
  int repeat = 1;
};

// Tasks that were made of one list of executions with the same cuts, by the first execution and the most descriptors
// of their chain.
class KnownTasks {
 public:
  // The task, and whether it is new; it stays where it is.
  std::pair<Task*, bool> emplace(std::size_t execution, int descriptors);

 private:
  struct Entry {
    int descriptors;
    int next;  // entry of the same execution; -1: none
    Task task;
  };
  std::vector<int> first_;  // by execution: its last entry; -1: none
  std::deque<Entry> entries_;
};

// Makes the tasks of a channel one after the other.
class TaskFormer {
 public:
  // `cuts`: ascending numbers of transfers after which a task must be complete; an execution that waits begins one.
  // What is `known` is not looked for again.
  TaskFormer(const std::vector<Execution>& executions, const std::vector<std::int32_t>& cuts, KnownTasks& known,
             const arch::DmaSpec& dma)
      : list_(executions), cuts_(cuts), known_(known), dma_(dma) {}

  bool ended() const { return next_ >= list_.size(); }
  const Execution& first() const { return list_[next_]; }   // of the next task
  std::size_t begin() const { return list_[next_].first; }  // transfer with which it begins
  // Descriptors that the next task takes if it can have `descriptors`; 0: there is none.
  int wanted(int descriptors);
  // Up to `descriptors` in its chain: so that descriptors and push serve the most transfers each.
  const Task& next(int descriptors);

 private:
  ChainLink link_of(std::size_t execution) const;
  bool serves(ChainLink& link, std::size_t first_at, std::size_t at, int turn) const;
  const Task& known(int descriptors);
  Task longest(std::size_t first, std::size_t end, int descriptors);
  bool turns_well(std::size_t first, std::size_t end, int descriptors);
  int fold(std::size_t first, std::size_t end, int period, int most);
  std::size_t end_of(std::size_t first);

  const std::vector<Execution>& list_;
  const std::vector<std::int32_t>& cuts_;
  KnownTasks& known_;
  const arch::DmaSpec dma_;
  std::size_t next_ = 0, cut_ = 0, waits_ = 0;
  std::vector<ChainLink> chain_, turned_;
  const Task* wanted_ = nullptr;  // the next task where it can have `most_` descriptors; null: not known
  int most_ = 0;
};

}  // namespace tessera::control
