// Single values against the limits of the hardware and of the program's own tables.
#pragma once
#include "sim/schedule/verify/findings.h"

namespace tessera::verifying {

const LockSpec& lock_spec(const ArraySpec& array, TileKind kind);
const DmaSpec& dma_spec(const ArraySpec& array, TileKind kind);

inline bool names_layer(const Program& program, int layer) {
  return layer >= 0 && layer < static_cast<int>(program.layers.size());
}

// A region lies within its tensor and is not empty.
void check_region(const Region& region, const Program& program, int tensor, const std::string& path,
                  Findings& findings);
// An access has at most so many dimensions, all of them in order and aligned. Where it ends is not judged here.
void check_access(const Access& access, int dimensions, const std::string& path, Findings& findings);

}  // namespace tessera::verifying
