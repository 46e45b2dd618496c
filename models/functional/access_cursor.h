// Walks an access pattern byte by byte in stream order, in pieces that are contiguous in memory or wholly padding.
#pragma once
#include <algorithm>
#include <array>

#include "sim/program/program.h"

namespace tessera::models {

class AccessCursor {
 public:
  AccessCursor() = default;
  explicit AccessCursor(const program::Access& access);

  // The next `bytes` of the stream: memory(address, length) and zeros(length), in order.
  template <class Memory, class Zeros>
  void walk(Bytes bytes, Memory memory, Zeros zeros) {
    while (bytes > 0) {
      const Bytes run = std::min(bytes, run_left());
      if (in_memory())
        memory(address_ + position_[0] - dims_[0].pad_before, run);
      else
        zeros(run);
      bytes -= run;
      advance(run);
    }
  }

 private:
  Bytes extent(int d) const {
    const program::AccessDim& a = dims_[static_cast<std::size_t>(d)];
    return Bytes{a.count} + a.pad_before + a.pad_after;
  }
  Bytes run_left() const;
  bool in_memory() const;
  void advance(Bytes run);
  void locate();

  int rank_ = 1;
  std::int64_t base_ = 0;
  std::array<program::AccessDim, 4> dims_{};
  std::array<Bytes, 4> position_{};  // of the next byte, padding included
  std::int64_t address_ = 0;         // of the current line (dimensions above 0 applied)
  bool line_in_memory_ = true;
};

}  // namespace tessera::models
