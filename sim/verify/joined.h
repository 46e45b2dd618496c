// Transfers that one execution of an inbound descriptor takes as one.
#pragma once
#include "sim/program/program.h"

namespace tessera::verify {

// Puts a transfer at the end of others: runs of bytes end to end, locks taken by the first and given back by the last.
// False: it does not go on there.
inline bool append(program::Transfer& whole, const program::Transfer& t) {
  if (!whole.access.one_run() || !t.access.one_run() || whole.memory != t.memory || whole.release.lock >= 0 ||
      t.acquire.lock >= 0 || whole.access.base + whole.access.memory_bytes() != t.access.base)
    return false;
  whole.access = program::linear(whole.access.base, whole.access.memory_bytes() + t.access.memory_bytes());
  whole.release = t.release;
  return true;
}

}  // namespace tessera::verify
