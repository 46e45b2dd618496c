// Do single streams move where a routing lacks little, and do links change numbers so that less is written?
#include "sim/route/mend.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "sim/base/random.h"
#include "sim/route/renumber.h"
#include "tests/route/network.h"

using namespace tessera;

namespace {

struct Given : Senders {
  explicit Given(const arch::ArraySpec& array_of) : Senders(array_of) {}

  route::Hop hop(const std::string& side, int link = 0) const {
    for (std::size_t l = 0; l < device.grid.links().size(); ++l)
      if (device.grid.name(static_cast<int>(l)) == side) return {static_cast<int>(l), link};
    FAIL("no side " << side);
    return {};
  }
  // A stream of each route, on the tree that stands for it.
  route::Built built(std::vector<std::vector<route::Hop>> trees) {
    route::Built built;
    for (std::size_t r = 0; r < trees.size(); ++r) {
      built.routing.streams.push_back({routes()[r].source, {static_cast<int>(r)}});
      built.routing.ids.push_back({-1});
    }
    built.routing.trees = std::move(trees);
    route::judge(device, routes(), none(), built);
    return built;
  }
  const std::vector<program::Route>& routes() { return builder.program().routes; }
  std::vector<int> none() { return std::vector<int>(routes().size(), -1); }
};

constexpr std::int64_t plenty = 1000000;

}  // namespace

TEST_CASE("streams that may not share a link take one each where there are some") {
  Given g(array_of(2, 1));
  g.send(0, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  g.send(0, "mem(0,0).mm2s1", {"tile(0,0).s2mm1"});
  route::Built built = g.built({{g.hop("north of mem(0,0)")}, {g.hop("north of mem(0,0)")}});
  REQUIRE(built.complete());  // as packets
  const std::vector<double> cycles{100, 50};
  const auto lacks = [&](double busiest) { return route::missing(g.device, g.routes(), {{&cycles, busiest}}, built); };
  CHECK(lacks(150) == 0);
  CHECK(lacks(149) == 1);
  std::int64_t effort = plenty;
  route::mend(g.device, g.routes(), {{&cycles, 149}}, g.none(), effort, built);
  CHECK(lacks(149) == 0);
  CHECK(built.complete());
  CHECK(built.routing.trees[0][0].link != built.routing.trees[1][0].link);
  CHECK(g.objection(built.routing).empty());
  CHECK(effort < plenty);
}

TEST_CASE("a stream goes another way where the straight one is full") {
  arch::ArraySpec array = array_of(2, 3);
  array.stream.tile.east = 1;
  array.stream.arbiters = 0;  // circuits only
  Given g(array);
  g.send(0, "tile(0,0).mm2s0", {"tile(0,2).s2mm0"});
  g.send(0, "tile(0,1).mm2s0", {"tile(0,2).s2mm1"});
  route::Built built =
      g.built({{g.hop("east of tile(0,0)"), g.hop("east of tile(0,1)")}, {g.hop("east of tile(0,1)")}});
  REQUIRE_FALSE(built.complete());
  std::int64_t effort = plenty;
  route::mend(g.device, g.routes(), {}, g.none(), effort, built);
  CHECK(built.complete());
  CHECK(g.objection(built.routing).empty());
  CHECK(built.routing.trees[0].size() + built.routing.trees[1].size() == 5);  // one of them by way of row 1
}

TEST_CASE("where nothing helps, the search ends and little effort is spent") {
  Given g(one_link_up(2, 1, 0));
  g.send(0, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  g.send(0, "mem(0,0).mm2s1", {"tile(0,0).s2mm1"});
  route::Built built = g.built({{g.hop("north of mem(0,0)")}, {g.hop("north of mem(0,0)")}});
  std::int64_t effort = plenty;
  route::mend(g.device, g.routes(), {}, g.none(), effort, built);
  CHECK_FALSE(built.complete());
  CHECK(plenty - effort < 50 * static_cast<std::int64_t>(g.device.grid.links().size()));
  effort = 1;
  route::mend(g.device, g.routes(), {}, g.none(), effort, built);
  CHECK_FALSE(built.complete());
}

TEST_CASE("what is mended is a routing that the judge accepts, the same each time") {
  int mended = 0;
  for (int seed = 0; seed < 40; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    arch::ArraySpec array = array_of(3, 3);
    array.stream.slots = 1;
    array.stream.tile.north = array.stream.tile.east = array.stream.tile.west = array.stream.tile.south = 2;
    Given g(array);
    std::vector<std::vector<route::Hop>> trees;
    const auto below = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
    for (int i = 0; i < 6; ++i) {
      const int col = below(3), up = 1 + below(3);
      const std::string channel = "mem(" + std::to_string(col) + ",0).mm2s" + std::to_string(i % 6);
      const std::string to =
          "tile(" + std::to_string(up - 1) + "," + std::to_string(col) + ").s2mm" + std::to_string(below(2));
      if (g.send(0, channel, {to}) < static_cast<int>(trees.size())) continue;
      trees.push_back({g.hop("north of mem(" + std::to_string(col) + ",0)", below(2))});
      for (int row = 0; row + 1 < up; ++row)
        trees.back().push_back(
            g.hop("north of tile(" + std::to_string(row) + "," + std::to_string(col) + ")", below(2)));
    }
    const route::Built before = g.built(trees);
    if (before.complete()) continue;
    route::Built built = before, again = before;
    std::int64_t effort = plenty, same = plenty;
    route::mend(g.device, g.routes(), {}, g.none(), effort, built);
    route::mend(g.device, g.routes(), {}, g.none(), same, again);
    CHECK(effort == same);
    CHECK(route::missing(g.device, g.routes(), {}, built) <= route::missing(g.device, g.routes(), {}, before));
    if (!built.complete()) continue;
    ++mended;
    CHECK(g.objection(built.routing).empty());
  }
  CHECK(mended > 5);
}

TEST_CASE("links have the numbers with which least is written") {
  Given g(array_of(2, 1));
  g.send(0, "mem(0,0).mm2s0", {"tile(1,0).s2mm0"});
  g.send(0, "mem(0,0).mm2s1", {"tile(0,0).s2mm0"});
  const auto registers = [&](const route::Built& built) {
    const route::Passages passages = passages_of(g.device.grid, g.device.map, g.routes(), built.routing);
    return route::registers_of(g.device, passages, built.routing);
  };
  const auto tree = [&](int first, int second) {
    return std::vector<route::Hop>{g.hop("north of mem(0,0)", first), g.hop("north of tile(0,0)", second)};
  };
  const route::Built before = g.built({tree(3, 2), {g.hop("north of mem(0,0)", 1)}});
  route::Built built = g.built({tree(1, 0), {g.hop("north of mem(0,0)", 3)}});
  route::SwitchState state;
  state.go_on(registers(before));
  CHECK_FALSE(route::SwitchState(state).go_on(registers(built)).empty());
  route::renumber(g.device, g.routes(), state.now(), built.routing);
  CHECK(route::SwitchState(state).go_on(registers(built)).empty());
  CHECK(g.objection(built.routing).empty());

  // A port that takes packets does so whatever number its link gets.
  built = g.built({tree(1, 0), {g.hop("north of mem(0,0)", 3)}});
  const route::Links& up = g.device.grid.links()[static_cast<std::size_t>(g.hop("north of mem(0,0)", 0).links)];
  built.routing.packets.assign(static_cast<std::size_t>(g.device.grid.tiles()), 0);
  std::uint64_t& packets = built.routing.packets[static_cast<std::size_t>(up.to)];
  packets = std::uint64_t{1} << (up.slave + 1);
  built.routing.ids[0][0] = 0;
  REQUIRE(g.objection(built.routing).empty());
  route::renumber(g.device, g.routes(), state.now(), built.routing);
  const int link = built.routing.trees[0][0].link;
  CHECK(link != 1);
  CHECK(packets == std::uint64_t{1} << (up.slave + link));
  CHECK(g.objection(built.routing).empty());
}
