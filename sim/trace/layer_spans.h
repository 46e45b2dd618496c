// When layers were at work: from the first to the last of their tasks, those done ahead left out.
#pragma once
#include <algorithm>
#include <vector>

#include "sim/trace/trace_sink.h"

namespace tessera::trace {

struct LayerSpan {
  Millicycles begin = -1, end = -1;  // -1: no task
};

// Adds a task to the spans by layer id, which are as many as the last layer with a task needs.
inline void cover(std::vector<LayerSpan>& spans, const Task& task) {
  if (task.layer < 0 || task.ahead) return;
  const auto id = static_cast<std::size_t>(task.layer);
  if (spans.size() <= id) spans.resize(id + 1);
  spans[id].begin = spans[id].begin < 0 ? task.begin : std::min(spans[id].begin, task.begin);
  spans[id].end = std::max(spans[id].end, task.end);
}

}  // namespace tessera::trace
