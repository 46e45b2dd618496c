// Which channels controllers start, and which descriptors these have.
#pragma once
#include <map>
#include <vector>

#include "sim/control/free_run.h"

namespace tessera::control {

const arch::DmaSpec& dma_of(const arch::ArraySpec& array, program::TileKind kind);

struct Table {
  struct Part {  // of a tile: all its descriptors, or in a memory tile those of its even or odd channels
    int first = 0, count = 0;
    std::vector<program::EngineId> channels;  // that share them
  };
  std::vector<program::EngineId> started;
  std::vector<Part> parts;
  std::vector<int> part;                        // by engine: of started ones, the index of theirs
  std::map<program::EngineId, int> configured;  // and their first descriptor
};

// Fails when a tile has too few descriptors.
Expected<Table> make_table(const program::Program& program, const arch::ArraySpec& array, const FreeRun& free);

}  // namespace tessera::control
