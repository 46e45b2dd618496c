// Who used which bytes of one memory last. Claiming a range for a new buffer returns what must have finished before the
// buffer may be written: that is how memory is handed from one layer to the next without a barrier.
#pragma once
#include <map>
#include <memory>

#include "sim/lower/wait_set.h"

namespace tessera::lower {

struct Buffer {
  std::int64_t address = 0;
  WaitSet before;  // tasks on the memory's former contents: to be awaited by every engine's first write
  WaitSet users;   // tasks that read or write this buffer
};
using BufferRef = std::shared_ptr<Buffer>;

class MemoryMap {
 public:
  BufferRef claim(std::int64_t lo, std::int64_t hi);
  bool holds(const BufferRef& buffer, std::int64_t hi) const;  // whether all of it up to `hi` is nobody else's since

 private:
  struct Range {
    std::int64_t hi = 0;
    BufferRef buffer;
  };
  std::map<std::int64_t, Range> ranges_;  // by lower end
};

}  // namespace tessera::lower
