// Single values against the limits of the hardware and of the program's own tables.
#pragma once
#include <optional>

#include "sim/schedule/verify/findings.h"

namespace tessera::verifying {

const LockSpec& lock_spec(const ArraySpec& array, TileKind kind);
const DmaSpec& dma_spec(const ArraySpec& array, TileKind kind);

inline bool names_layer(const Program& program, int layer) {
  return layer >= 0 && layer < static_cast<int>(program.layers.size());
}

// What is wrong with a region (it lies within its tensor and is not empty) or an access (at most so many dimensions,
// and one more if the task may iterate, ascending and aligned; where it ends is not judged here): the problem without
// its place, or nothing.
std::optional<Problem> region_problem(const Region& region, const Program& program, int tensor);
std::optional<Problem> access_problem(const Access& access, int dimensions, int iterations = 0);

}  // namespace tessera::verifying
