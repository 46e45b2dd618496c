// Transfers that one execution of a descriptor moves as one.
#pragma once
#include "sim/program/program.h"
#include "sim/program/registers.h"

namespace tessera::verify {

// Puts a transfer at the end of others: runs of bytes end to end, locks taken by the first and given back by the last,
// and where they are sent, by one route. False: it does not go on there.
inline bool append(program::Transfer& whole, const program::Transfer& t, bool outbound) {
  if (!whole.access.one_run() || !t.access.one_run() || whole.memory != t.memory || whole.release.lock >= 0 ||
      t.acquire.lock >= 0 || whole.access.base + whole.access.memory_bytes() != t.access.base ||
      (outbound && whole.route != t.route))
    return false;
  whole.access = program::linear(whole.access.base, whole.access.memory_bytes() + t.access.memory_bytes());
  whole.release = t.release;
  return true;
}

// The registers of a transfer; a run of bytes has one form.
inline program::Registers one_form(program::Transfer t, bool outbound) {
  if (t.access.one_run()) t.access = program::linear(t.access.base, t.access.memory_bytes());
  return program::registers_of(t, outbound);
}

// Whether what comes in as `held` is `wanted` if its stream ends with that.
inline bool ends_early(program::Transfer held, const program::Transfer& wanted) {
  if (!held.access.one_run() || !wanted.access.one_run()) return false;
  if (held.access.base != wanted.access.base || held.access.memory_bytes() < wanted.access.memory_bytes()) return false;
  held.access = wanted.access;
  return program::registers_of(held, false) == program::registers_of(wanted, false);
}

}  // namespace tessera::verify
