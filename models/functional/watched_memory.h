// A memory that knows who wrote every word, and objects when
//   - a word is read that nobody wrote;
//   - a word is read as part of a tensor, but was last written as part of another one: its owner was overwritten;
//   - in compute tiles: a word is overwritten by another task before anybody read it and before the core gave back the
//     lock under which it was written (a buffer that was still live; a core may let data pass that it has no block
//     for). Zeros sent apart from a map are written over by what follows under the same lock.
// In memory tiles and host memory the last rule would raise false alarms (strided layers never read some elements), so
// there the second rule and the comparison of the results stand guard.
// One error per task and rule; errors never change what happens.
#pragma once
#include <string>
#include <vector>

#include "models/functional/byte_store.h"
#include "models/functional/task_log.h"

namespace tessera::models {

class WatchedMemory {
 public:
  WatchedMemory(TaskLog& log, std::string name, Bytes size, bool guards_unread)
      : log_(log), name_(std::move(name)), store_(size), guards_unread_(guards_unread) {}

  bool contains(std::int64_t address, Bytes bytes) const { return store_.contains(address, bytes); }
  const std::string& name() const { return name_; }
  void read(TaskRef task, std::int64_t address, Bytes bytes, std::uint8_t* to);
  // The task is done with bytes it had no use for (padding): nothing is checked, nothing is kept alive.
  void discard(std::int64_t address, Bytes bytes);
  void write(TaskRef task, std::int64_t address, Bytes bytes, const std::uint8_t* from);
  // For whoever looks at the end.
  std::vector<std::uint8_t> copy(std::int64_t address, Bytes bytes);

 private:
  void check_read(TaskRef task, Tag tag, std::int64_t address);
  void report(TaskRef task, int rule, std::string text);

  TaskLog& log_;
  std::string name_;
  ByteStore store_;
  bool guards_unread_;
  TaskRef reported_[3] = {-1, -1, -1};  // last task reported, per rule
};

}  // namespace tessera::models
