// The order in which the controller starts the tasks of a layer and waits for tokens: engine_sequence.py of the open
// engine. Item i of column 0, 1, 2, 3, then item i + 1. Before a task is issued the controller waits while its shim
// tile has too many live descriptors or its channel too many pending tasks; at the end of a layer it waits for all.
#pragma once
#include <vector>

#include "sim/designs/open_engine/shim_tasks.h"

namespace tessera::designs::open_engine {

constexpr int most_live = 14;   // descriptors of a shim tile in use before the controller waits
constexpr int queue_depth = 4;  // tasks of a channel

struct IssueStep {
  enum class What { start, await } what = What::start;
  int column = 0;
  Stream stream = Stream::fills;
  std::size_t task = 0;  // start: place in the column's list
  bool token = false;    // start: reports its completion
  int completed = 0;     // await: tasks of the channel in this layer that must be complete
};

struct Issue {
  std::vector<IssueStep> steps;
  int tokens = 0;
};

Issue issue_order(const std::vector<std::vector<ShimTask>>& tasks, const Variant& variant);

}  // namespace tessera::designs::open_engine
