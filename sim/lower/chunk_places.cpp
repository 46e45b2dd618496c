#include "sim/lower/chunk_places.h"

#include <map>

#include "sim/base/units.h"

namespace tessera::lower {

std::int64_t place_chunks(program::Program& program, const program::EngineMap& map, std::int64_t top) {
  std::map<std::int64_t, program::ChunkPlace*> chunks;  // by their address so far
  for (program::ChunkPlace& c : program.chunks)
    if (c.size.total() > 0) chunks.emplace(c.ddr_address, &c);
  std::map<std::int64_t, std::int64_t> places;  // by the same
  for (program::EngineId e = 0; e < map.first_controller(); ++e) {
    const program::EngineMap::Info& info = map.info(e);
    if (info.tile_kind != program::TileKind::shim || info.kind != program::EngineKind::mm2s) continue;
    top = round_up(top, 64);
    for (program::Transfer& t : program.engines[static_cast<std::size_t>(e)].transfers) {
      if (t.payload != program::Payload::weights) continue;
      const auto [place, fresh] = places.emplace(t.access.base, top);
      if (fresh) {
        program::ChunkPlace& c = *chunks.at(t.access.base);
        c.ddr_address = top;
        top += c.size.total();
      }
      t.access.base = place->second;
    }
  }
  return top;
}

}  // namespace tessera::lower
