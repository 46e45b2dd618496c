#include "sim/trace/perfetto_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "sim/trace/counters.h"
#include "sim/trace/event_writer.h"
#include "sim/trace/task_arguments.h"

namespace tessera::trace {
namespace {

using program::EngineKind;
using program::TileKind;

// Layers, each on the first lane that is free when it begins. Returns how many lanes there are.
int write_layers(EventWriter& events, const std::vector<LayerSpan>& spans, const TaskArguments& arguments) {
  std::vector<std::size_t> order(spans.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return spans[a].begin < spans[b].begin; });
  std::vector<Millicycles> lanes;
  for (const std::size_t id : order) {
    const LayerSpan& span = spans[id];
    if (span.begin < 0) continue;
    const auto free = std::find_if(lanes.begin(), lanes.end(), [&](Millicycles end) { return end <= span.begin; });
    const int lane = static_cast<int>(free - lanes.begin());
    if (free == lanes.end()) {
      lanes.push_back(0);
      events.thread_name(lane, fmt::format("layers {}", lane));
    }
    lanes[static_cast<std::size_t>(lane)] = span.end;
    events.slice(lane, arguments.layer_name(static_cast<int>(id)), "layer", span.begin, span.end,
                 arguments.of_layer(static_cast<int>(id)));
  }
  return static_cast<int>(lanes.size());
}

// Engines in the order in which they are shown: cores, controllers, channels of host memory, of memory tiles, of cores.
std::vector<int> shown_order(const program::EngineMap& map) {
  const auto rank = [&](int engine) {
    const program::EngineMap::Info& info = map.info(engine);
    if (info.kind == EngineKind::core) return 0;
    if (info.kind == EngineKind::controller) return 1;
    return info.tile_kind == TileKind::shim ? 2 : info.tile_kind == TileKind::memory ? 3 : 4;
  };
  std::vector<int> order(static_cast<std::size_t>(map.count()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return rank(a) < rank(b); });
  return order;
}

void write_counter(EventWriter& events, const std::string& name, const std::string& unit,
                   const std::vector<Step>& steps) {
  for (const Step& step : steps) events.counter(name, unit, step.tick, step.value);
}

// What a transfer moves is spread evenly over the time that its channel was at it.
std::vector<Part> memory_rates(const EventWriter& events, const std::vector<Task>& tasks, const program::EngineMap& map,
                               const program::Program& program, EngineKind direction) {
  std::vector<Part> rates;
  for (const Task& task : tasks) {
    const program::EngineMap::Info& info = map.info(task.engine);
    if (info.tile_kind != TileKind::shim || info.kind != direction) continue;
    const std::int64_t begin = events.ticks(task.begin), end = std::max(events.ticks(task.through), begin + 1);
    const double ns = static_cast<double>(end - begin) * 1e3 / ticks_per_us;
    rates.push_back({begin, end, static_cast<double>(bytes_of(task, program)) / ns});
  }
  return rates;
}

}  // namespace

bool PerfettoTrace::full(Millicycles begin) {
  if (count_ < most_slices_) {
    ++count_;
    return false;
  }
  if (dropped_++ == 0) dropped_from_ = begin;
  return true;
}

void PerfettoTrace::task(const Task& task) {
  cover(spans_, task);
  if (!full(task.begin)) tasks_.push_back(task);
}

void PerfettoTrace::charge(const Charge& charge) {
  const auto is = [&](const char* name) { return std::strcmp(charge.cause, name) == 0; };
  if (charge.begin == charge.end || is("idle") || is("overhead")) return;
  if (is("busy")) {
    if (map_.info(charge.engine).kind == EngineKind::core && dropped_ == 0)
      busy_.emplace_back(charge.begin, charge.end);
    return;
  }
  if (!full(charge.begin)) waits_.push_back(charge);
}

// Tasks and waits of one engine in the order of their beginnings; what stands in another comes after it.
void PerfettoTrace::write_slices(EventWriter& events, const TaskArguments& arguments, int lanes) const {
  struct Slice {
    Millicycles begin, end;
    std::size_t at;
    bool wait;
  };
  std::vector<std::vector<Slice>> slices(static_cast<std::size_t>(map_.count()));
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    slices[static_cast<std::size_t>(tasks_[i].engine)].push_back({tasks_[i].begin, tasks_[i].through, i, false});
  for (std::size_t i = 0; i < waits_.size(); ++i)
    slices[static_cast<std::size_t>(waits_[i].engine)].push_back({waits_[i].begin, waits_[i].end, i, true});
  int thread = lanes;
  for (const int engine : shown_order(map_)) {
    std::vector<Slice>& own = slices[static_cast<std::size_t>(engine)];
    if (own.empty()) continue;
    std::stable_sort(own.begin(), own.end(), [](const Slice& a, const Slice& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    events.thread_name(thread, map_.name(engine));
    const bool controller = map_.info(engine).kind == EngineKind::controller;
    for (const Slice& s : own) {
      if (s.wait) {
        events.slice(thread, waits_[s.at].cause, "wait", s.begin, s.end, arguments.of(waits_[s.at]));
        continue;
      }
      const Task& task = tasks_[s.at];
      const bool by_layer = task.layer >= 0 && !controller;
      events.slice(thread, by_layer ? arguments.layer_name(task.layer) : task.what, task.what, s.begin, s.end,
                   arguments.of(task));
    }
    ++thread;
  }
}

std::string PerfettoTrace::events(int number, const std::string& name, const program::Program& program,
                                  const std::vector<Counter>& more) const {
  EventWriter events(number, array_.clock_hz);
  const TaskArguments arguments(program, map_);
  events.process_name(name);
  write_slices(events, arguments, write_layers(events, spans_, arguments));
  for (const auto& [counter, direction] : {std::pair{"DDR read", EngineKind::mm2s}, {"DDR write", EngineKind::s2mm}})
    write_counter(events, counter, "GB/s", sum_of(memory_rates(events, tasks_, map_, program, direction)));
  std::vector<Part> busy;
  for (const auto& [begin, end] : busy_) busy.push_back({events.ticks(begin), events.ticks(end), 1});
  write_counter(events, "busy cores", "cores", sum_of(busy));
  for (const Counter& counter : more)
    for (const auto& [time, value] : counter.steps)
      events.counter(counter.name, counter.unit, events.ticks(time), value);
  if (dropped_ > 0)
    events.marker(fmt::format("trace cut here: {} more slices left out of {}", dropped_, dropped_ + count_),
                  dropped_from_);
  return events.take();
}

std::string perfetto_file(const std::vector<std::string>& processes) {
  return fmt::format("{{\"traceEvents\":[\n{}\n],\"displayTimeUnit\":\"ns\"}}\n", fmt::join(processes, ",\n"));
}

}  // namespace tessera::trace
