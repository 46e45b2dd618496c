// How much memory a functional run holds at most, counted before any of it is taken.
#pragma once
#include <optional>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::run {

// Bytes: every byte of the tiles and of the program's DDR with the mark of its last writer, and every tensor as it
// arrives and as the reference computes it.
Bytes functional_memory(const program::Program& program, const arch::ArraySpec& array);

// The failure of a program whose functional run would hold more than `most` bytes.
constexpr Bytes most_functional_memory = Bytes{4} << 30;
std::optional<Failure> too_much_functional_memory(const program::Program& program, const arch::ArraySpec& array,
                                                  Bytes most = most_functional_memory);

}  // namespace tessera::run
