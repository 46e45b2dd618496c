// Every task that touched a byte, by number, so that an error can name both parties; and the errors themselves.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/exec/backend.h"

namespace tessera::models {

using TaskRef = std::int32_t;  // index into the log; 0 is the host, which wrote the initial image

struct TaskRecord {
  program::EngineId engine = -1;
  std::int32_t number = 0;  // of the engine's tasks, from 1
  std::int16_t layer = -1;
  std::int16_t tensor = -1;  // the tensor whose elements it carries, -1: none or unknown
  TaskRef leader = 0;        // the task that took the lock under which this one writes; itself if none did
  bool let_go = false;       // of a leader: the core has given that lock back
  bool padding = false;      // it carries zeros around the tensor, of which some are written over before anybody reads
};

class TaskLog {
 public:
  TaskLog(const program::Program& program, const program::EngineMap& map);

  TaskRef begin(program::EngineId engine, int layer, int tensor);
  const TaskRecord& at(TaskRef task) const { return records_[static_cast<std::size_t>(task)]; }
  void follow(TaskRef task, TaskRef leader) { records_[static_cast<std::size_t>(task)].leader = leader; }
  void pads(TaskRef task) { records_[static_cast<std::size_t>(task)].padding = true; }
  // Whether `task` writes under the same lock over zeros of `padding`.
  bool completes(TaskRef task, TaskRef padding) const {
    return at(padding).padding && at(padding).leader == at(task).leader;
  }
  void let_go(TaskRef leader) { records_[static_cast<std::size_t>(leader)].let_go = true; }
  bool was_let_go(TaskRef task) const { return at(at(task).leader).let_go; }
  std::string name(TaskRef task) const;  // "tile(0,1).s2mm0 task 3 (layer conv1)"
  std::string tensor_name(int tensor) const;
  // Whether elements of `written` may be read as elements of `read`: the same tensor, or a part of a concatenation.
  bool same_tensor(int read, int written) const;

  void error(std::string text);
  std::vector<exec::FunctionalError> take_errors();

 private:
  bool part_of(int whole, int part) const;  // of a concatenation, at any depth

  const program::Program& program_;
  const program::EngineMap& map_;
  std::vector<std::int32_t> counts_;  // tasks per engine
  std::vector<TaskRecord> records_;
  std::vector<exec::FunctionalError> errors_;
  std::int64_t suppressed_ = 0;
};

}  // namespace tessera::models
