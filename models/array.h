// The array: all tiles, routes and the host memory, wired as the program and the hardware file say.
#pragma once
#include <memory>
#include <systemc>
#include <vector>

#include "models/controller.h"
#include "models/host_memory.h"
#include "models/stream_route.h"
#include "models/tiles.h"

namespace tessera::models {

class Array : public sc_core::sc_module {
 public:
  Array(const sc_core::sc_module_name& name, RunState& run);

  const std::vector<Engine*>& engines() const { return engines_; }  // by EngineId
  const std::vector<Tile*>& tiles() const { return tiles_; }        // by TileId

 private:
  void wire_routes(RunState& run);
  void name_releasers(const RunState& run);  // who releases each lock

  Fabric fabric_;
  HostMemory host_;
  std::vector<std::unique_ptr<ComputeTile>> compute_;
  std::vector<std::unique_ptr<MemoryTile>> memory_;
  std::vector<std::unique_ptr<ShimTile>> shims_;
  std::vector<std::unique_ptr<StreamRoute>> routes_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  std::vector<Engine*> engines_;
  std::vector<Tile*> tiles_;
};

}  // namespace tessera::models
