// How the descriptors of every tile are divided among its channels.
#pragma once
#include <map>
#include <vector>

#include "sim/control/free_run.h"

namespace tessera::control {

const arch::DmaSpec& dma_of(const arch::ArraySpec& array, program::TileKind kind);

// Which channels controllers start, and how many descriptors each has.
struct Table {
  std::vector<program::EngineId> started;
  std::vector<int> base, share;                 // by engine; of started ones
  std::map<program::EngineId, int> configured;  // and their first descriptor
};

// Fails when a tile has too few descriptors.
Expected<Table> make_table(const program::Program& program, const arch::ArraySpec& array, const FreeRun& free);

}  // namespace tessera::control
