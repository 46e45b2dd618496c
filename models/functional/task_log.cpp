#include "models/functional/task_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::models {
namespace {

constexpr std::size_t most_errors = 50;

}  // namespace

TaskLog::TaskLog(const program::Program& program, const program::EngineMap& map)
    : program_(program), map_(map), counts_(static_cast<std::size_t>(map.count())), records_(1) {}

TaskRef TaskLog::begin(program::EngineId engine, int layer, int tensor) {
  const auto ref = static_cast<TaskRef>(records_.size());
  records_.push_back({engine, ++counts_[static_cast<std::size_t>(engine)], static_cast<std::int16_t>(layer),
                      static_cast<std::int16_t>(tensor), ref, false});
  return ref;
}

std::string TaskLog::tensor_name(int tensor) const {
  const auto i = static_cast<std::size_t>(tensor);
  return tensor >= 0 && i < program_.layers.size() ? program_.layers[i].layer.name : fmt::format("{}", tensor);
}

std::string TaskLog::name(TaskRef task) const {
  if (task == 0) return "the initial image";
  const TaskRecord& r = at(task);
  const std::string layer = r.layer < 0 ? "no layer" : "layer " + tensor_name(r.layer);
  return fmt::format("{} task {} ({})", map_.name(r.engine), r.number, layer);
}

bool TaskLog::same_tensor(int read, int written) const {
  if (read < 0 || written < 0 || read == written) return true;
  return part_of(read, written) || part_of(written, read);
}

bool TaskLog::part_of(int whole, int part) const {
  const network::Layer& l = program_.layers[static_cast<std::size_t>(whole)].layer;
  return l.op == network::Op::concat && std::any_of(l.inputs.begin(), l.inputs.end(),
                                                    [&](int input) { return input == part || part_of(input, part); });
}

void TaskLog::error(std::string text) {
  if (errors_.size() < most_errors)
    errors_.push_back({std::move(text)});
  else
    ++suppressed_;
}

std::vector<exec::FunctionalError> TaskLog::take_errors() {
  if (suppressed_ > 0) errors_.push_back({fmt::format("{} more errors of the same kinds", suppressed_)});
  return std::move(errors_);
}

}  // namespace tessera::models
