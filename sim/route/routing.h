// How the streams of a program, or of a part of it, go through the switches: a value that is judged apart from whoever
// made it (verify/routes.h). The routes of one stream share one tree of links; a packet id tells them apart where the
// tree parts. Streams share a link as packets where there are too few.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/program/engine.h"

namespace tessera::route {

// What an outbound channel sends on one tree. A channel may have several streams, which leave it by different ports.
struct Stream {
  program::EngineId source = 0;
  std::vector<int> routes;  // RouteIds, ascending
  bool operator==(const Stream& o) const { return source == o.source && routes == o.routes; }
};

// One link that a stream takes: `links` of the grid, and which of them.
struct Hop {
  int links = 0;
  int link = 0;
  bool operator==(const Hop& o) const { return links == o.links && link == o.link; }
};

struct Routing {
  std::vector<Stream> streams;
  // By stream. Each hop leaves the stream's own tile or one that an earlier hop enters; no tile is entered twice.
  std::vector<std::vector<Hop>> trees;
  std::vector<std::vector<int>> ids;  // by stream and route: packet ids, where switches look at them; -1: nowhere
  // By tile: slave ports, by bits, that take packets although circuits would do; empty: none.
  std::vector<std::uint64_t> packets{};
  bool operator==(const Routing& o) const {
    return streams == o.streams && trees == o.trees && ids == o.ids && packets == o.packets;
  }
};

}  // namespace tessera::route
