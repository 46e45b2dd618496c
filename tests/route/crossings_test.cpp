// Do streams that change links pass the switches as a routing with these links says?
#include "sim/route/crossings.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <tuple>

#include "sim/base/random.h"
#include "tests/route/network.h"

using namespace tessera;

namespace {

using All = std::vector<std::tuple<int, int, int, route::Way>>;

All sorted(const std::vector<route::Passage>& passages) {
  All all;
  for (const route::Passage& p : passages) all.emplace_back(p.slave, p.stream, p.route, p.way);
  std::sort(all.begin(), all.end());
  return all;
}

// Multicasts of three channels of each memory tile.
void send_multicasts(Senders& s, Random& random) {
  for (int i = 0; i < 60; ++i) {
    std::vector<std::string> to;
    for (int core = 0; core < 16; ++core)
      if (random.below(4) == 0)
        to.push_back("tile(" + std::to_string(core / 4) + "," + std::to_string(core % 4) + ").s2mm" +
                     std::to_string(i % 2));
    if (to.empty()) continue;
    s.send(0, "mem(" + std::to_string(i % 4) + ",0).mm2s" + std::to_string(i % 3), to);
  }
}

}  // namespace

TEST_CASE("after links changed, passages and needs are those of the routing with these links") {
  Random random(7);
  Senders s(array_of(4, 4));
  send_multicasts(s, random);
  const std::vector<program::Route>& routes = s.builder.program().routes;
  route::Routing routing = s.plan().sets.front().built.routing;
  route::Crossings crossings(s.device, routes, routing);
  std::vector<route::Hop*> hops;
  for (std::vector<route::Hop>& tree : routing.trees)
    for (route::Hop& hop : tree) hops.push_back(&hop);
  REQUIRE(hops.size() > 20);
  for (int round = 0; round < 50; ++round) {
    const auto tiles = s.device.grid.tiles();
    std::vector<All> before;
    std::vector<int> versions;
    crossings.update();
    for (program::TileId tile = 0; tile < tiles; ++tile) {
      before.push_back(sorted(crossings.at(tile)));
      versions.push_back(crossings.version(tile));
    }
    for (std::uint64_t change = random.below(4); change-- > 0;) {
      const std::uint64_t hop = random.below(hops.size());
      const int count = s.device.grid.links()[static_cast<std::size_t>(hops[hop]->links)].count;
      hops[hop]->link = static_cast<int>(random.below(static_cast<std::uint64_t>(count)));
      crossings.set_link(static_cast<int>(hop), hops[hop]->link);
    }
    crossings.update();
    const route::Passages wanted = passages_of(s.device.grid, s.device.map, routes, routing);
    for (program::TileId tile = 0; tile < tiles; ++tile) {
      const auto t = static_cast<std::size_t>(tile);
      const All now = sorted(crossings.at(tile));
      REQUIRE(now == sorted(wanted[t]));
      REQUIRE(crossings.needs(tile).excess(s.device.spec) == needs_of(wanted[t], s.device.spec).excess(s.device.spec));
      const bool ways = std::equal(now.begin(), now.end(), before[t].begin(), [](const auto& a, const auto& b) {
        return std::get<route::Way>(a) == std::get<route::Way>(b);
      });
      if (!ways && now.size() == 1) REQUIRE(crossings.version(tile) == versions[t] + 1);
      if (now == before[t]) REQUIRE(crossings.version(tile) == versions[t]);
    }
  }
}
