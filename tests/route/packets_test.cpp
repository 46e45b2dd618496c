// Which ports take packets longer than they have to, and which routes are there before they are needed?
#include "sim/route/packets.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/route/network.h"

using namespace tessera;

namespace {

struct Sets {
  route::Routing first, second;
};

// Two streams that share a link, and one of them afterwards.
Sets two_sets(const Senders& s) {
  const std::vector<program::Route>& routes = s.builder.program().routes;
  const std::vector<double> cycles(routes.size(), 16);
  Sets sets{build(s.device, routes, {0, 1}, cycles, {}).routing, {}};
  sets.second = build(s.device, routes, {0}, cycles, sets.first).routing;
  return sets;
}

Senders of_one_link(int arbiters) {
  Senders s(one_link_up(2, 1, arbiters));
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(1, "mem(0,0).mm2s1", {"tile(0,0).s2mm1"});
  return s;
}

bool has(const route::RouteSet& set, int r) { return std::count(set.routes.begin(), set.routes.end(), r) > 0; }

}  // namespace

TEST_CASE("a port that took packets takes them where a circuit would do, and is not written") {
  const Senders s = of_one_link(6);
  const std::vector<program::Route>& routes = s.builder.program().routes;
  Sets sets = two_sets(s);
  const auto passages = [&](const route::Routing& r) { return passages_of(s.device.grid, s.device.map, routes, r); };
  const auto registers = [&](const route::Routing& r) { return registers_of(s.device, passages(r), r); };
  route::SwitchState state;
  state.go_on(registers(sets.first));
  const route::SwitchRegisters now = state.now();
  const std::vector<int> ids = route::ids_of(sets.first, routes.size());
  CHECK(route::SwitchState(state).go_on(registers(sets.second)).size() >= 4);

  const std::optional<route::Routing> packed = keep_packets(s.device, passages(sets.second), now, ids, sets.second);
  REQUIRE(packed);
  sets.second = *packed;
  CHECK(state.go_on(registers(sets.second)).empty());
  CHECK(s.objection(sets.second).empty());
  sets.second.ids[0][0] = -1;  // a port that takes packets gets them without an id
  CHECK(s.objection(sets.second).find("have id -1") != std::string::npos);

  sets = two_sets(s);
  const Senders circuits = of_one_link(0);
  CHECK_FALSE(keep_packets(circuits.device, passages(sets.second), now, ids, sets.second));
}

TEST_CASE("a plan goes on with packets where layers behind need none") {
  Senders s = of_one_link(6);  // of one layer, whose link has more to do than a channel: others do not join it
  s.send(2, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(2, "tile(0,0).mm2s0", {"mem(0,0).s2mm0"});
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 2);
  CHECK(written(plan.sets[1]) == 0);
  CHECK_FALSE(s.problem());
}

TEST_CASE("routes from host memory to memory tiles are there before their layer where they have room") {
  for (const int links : {1, 2}) {
    arch::ArraySpec array = one_link_up(2, 1, 0);  // circuits only
    array.stream.shim.north = links;
    Senders s(array);
    s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
    s.send(1, "shim(0).mm2s0", {"mem(0,0).s2mm0"});
    s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});  // takes the link north of mem(0,0)
    const int ahead = s.send(2, "shim(0).mm2s1", {"mem(0,0).s2mm1"});
    const route::Plan plan = s.plan();
    REQUIRE(plan.sets.size() == 2);
    CHECK(has(plan.sets[1], ahead));
    CHECK(has(plan.sets[0], ahead) == (links == 2));
    CHECK_FALSE(s.problem());
  }
}
