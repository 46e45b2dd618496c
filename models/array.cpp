#include "models/array.h"

#include <fmt/format.h>

namespace tessera::models {

Array::Array(const sc_core::sc_module_name& name, RunState& run) : sc_module(name), host_("host_memory", run.array) {
  const arch::ArraySpec& a = run.array;
  const program::EngineMap& map = run.map;
  const auto tile_name = [&](program::TileId t) { return map.tile_name(t); };
  fabric_.banks.assign(static_cast<std::size_t>(map.tile_count()), nullptr);
  for (int r = 0; r < a.rows; ++r)
    for (int c = 0; c < a.cols; ++c) {
      const program::TileId t = map.compute_tile(r, c);
      compute_.push_back(std::make_unique<ComputeTile>(tile_name(t).c_str(), run, r, c, fabric_));
      fabric_.banks[static_cast<std::size_t>(t)] = &compute_.back()->banks();
      tiles_.push_back(compute_.back().get());
    }
  for (int m = 0; m < a.memtiles(); ++m) {
    const program::TileId t = map.memory_tile(m);
    memory_.push_back(std::make_unique<MemoryTile>(tile_name(t).c_str(), run, m, fabric_));
    fabric_.banks[static_cast<std::size_t>(t)] = &memory_.back()->banks();
    tiles_.push_back(memory_.back().get());
  }
  for (int c = 0; c < a.cols; ++c) {
    shims_.push_back(std::make_unique<ShimTile>(tile_name(map.shim_tile(c)).c_str(), run, c, fabric_));
    shims_.back()->socket.bind(host_.socket);
    tiles_.push_back(shims_.back().get());
  }
  engines_.resize(static_cast<std::size_t>(map.count()));
  const auto enter = [&](Engine& e) { engines_[static_cast<std::size_t>(e.id())] = &e; };
  for (const auto& tile : compute_) enter(tile->core());
  for (Tile* tile : tiles_)
    for (const auto& channel : tile->channels()) enter(*channel);
  for (program::EngineId e = map.first_controller(); e < map.count(); ++e) {
    controllers_.push_back(std::make_unique<Controller>(map.name(e).c_str(), run, e));
    enter(*controllers_.back());
  }
  wire_routes(run);
  if (run.controlled()) name_releasers(run);
}

void Array::name_releasers(const RunState& run) {
  for (program::EngineId e = 0; e < run.map.first_controller(); ++e)
    for (const program::Transfer& t : run.program.engines[static_cast<std::size_t>(e)].transfers)
      if (t.release.lock >= 0)
        tiles_[static_cast<std::size_t>(run.map.info(e).tile)]->locks().released_by(
            t.release.lock, *engines_[static_cast<std::size_t>(e)]);
}

void Array::wire_routes(RunState& run) {
  const auto add = [&](StreamRoute& route, program::EngineId id, program::EngineId source) {
    const program::EngineMap::Info& info = run.map.info(id);
    ShimTile* shim =
        info.tile_kind == program::TileKind::shim ? shims_[static_cast<std::size_t>(info.col)].get() : nullptr;
    const Millicycles hop = run.array.stream.hop_cycles * millicycles_per_cycle;
    route.connect(static_cast<DmaChannel&>(*engines_[static_cast<std::size_t>(id)]), shim,
                  hops(run.map.info(source), info, run.array) * hop);
  };
  for (std::size_t i = 0; i < run.program.routes.size(); ++i) {
    const program::Route& route = run.program.routes[i];
    routes_.push_back(std::make_unique<StreamRoute>(fmt::format("route{}", i).c_str(), run, route));
    add(*routes_.back(), route.source, route.source);
    for (program::EngineId sink : route.sinks) add(*routes_.back(), sink, route.source);
    fabric_.routes.push_back(routes_.back().get());
  }
}

}  // namespace tessera::models
