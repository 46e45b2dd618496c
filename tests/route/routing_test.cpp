// Do streams find their way through the switches, and does the judge see what no switch can do?
#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/route/impossible.h"
#include "tests/route/network.h"

using namespace tessera;

namespace {

const route::Built& only_set(const route::Plan& plan) {
  REQUIRE(plan.sets.size() == 1);
  return plan.sets[0].built;
}

int hops(const route::Routing& routing) {
  std::size_t sum = 0;
  for (const std::vector<route::Hop>& tree : routing.trees) sum += tree.size();
  return static_cast<int>(sum);
}

}  // namespace

TEST_CASE("a multicast is one tree: each link once") {
  Senders s(array_of(4, 4));
  s.send(0, "mem(1,0).mm2s0", {"tile(2,0).s2mm0", "tile(2,1).s2mm0", "tile(2,2).s2mm0", "tile(2,3).s2mm0"});
  const route::Plan plan = s.plan();
  CHECK(hops(only_set(plan).routing) == 6);  // three up to row 2, three along it
  CHECK(only_set(plan).excess == 0);
  CHECK(s.objection(only_set(plan).routing).empty());
}

TEST_CASE("streams that fill all links of a side have one each; one more shares") {
  arch::ArraySpec array = array_of(2, 1);
  array.stream.memtile.north = 2;
  Senders s(array);
  s.send(0, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(0, "mem(0,0).mm2s1", {"tile(1,0).s2mm1"});
  const route::Plan fits = s.plan();
  CHECK(only_set(fits).excess == 0);
  for (const std::vector<int>& ids : only_set(fits).routing.ids) CHECK(ids == std::vector<int>{-1});  // circuits

  s.send(0, "mem(0,0).mm2s2", {"tile(1,0).s2mm0"});
  const route::Plan shares = s.plan();
  CHECK(only_set(shares).excess > 0);
  CHECK(only_set(shares).complete());
  CHECK(s.objection(only_set(shares).routing).empty());
}

TEST_CASE("a stream goes round where the straight links are taken") {
  arch::ArraySpec array = array_of(2, 2);
  array.stream.tile.east = 1;
  Senders s(array);
  s.send(0, "tile(0,0).mm2s0", {"tile(0,1).s2mm0"});
  s.send(0, "tile(0,0).mm2s1", {"tile(0,1).s2mm1"});
  const route::Plan plan = s.plan();
  CHECK(only_set(plan).excess == 0);
  CHECK(hops(only_set(plan).routing) == 1 + 3);  // north, east, south
}

TEST_CASE("a switch has a slot for each way out of a port, and an arbiter for ways that share a port") {
  const arch::StreamSpec stream;
  const auto needs = [&](std::vector<route::Passage> at) { return route::needs_of(at, stream); };
  const route::Way a = 1, b = 2, c = 4;
  CHECK(needs({{0, 0, 0, a}, {1, 0, 1, b}}).arbiters == 0);      // circuits
  CHECK(needs({{0, 0, 0, a | b}, {1, 0, 1, c}}).arbiters == 0);  // a multicast is one as well
  const route::SwitchNeeds parts = needs({{0, 0, 0, a}, {0, 1, 0, b}});
  CHECK(parts.slots == 2);
  CHECK(parts.arbiters == 2);
  CHECK(parts.selections == 1);
  const route::SwitchNeeds joined = needs({{0, 0, 0, a}, {0, 1, 0, b}, {0, 2, 0, a | b}});
  CHECK(joined.slots == 3);
  CHECK(joined.arbiters == 1);
  CHECK(joined.selections == 3);
  const route::SwitchNeeds merging = needs({{0, 0, 0, a}, {1, 0, 1, a}});
  CHECK(merging.slots == 1);
  CHECK(merging.arbiters == 1);
  CHECK(merging.packets_in == 3);
}

TEST_CASE("more groups of ways than arbiters share them as selections allow") {
  arch::StreamSpec stream;
  stream.arbiters = 2;
  std::vector<route::Passage> at;
  for (int port = 0; port < 8; ++port) {  // each taken from two slave ports
    at.push_back({port, 0, 0, route::Way{1} << port});
    at.push_back({port, 0, 1, route::Way{1} << port});
  }
  CHECK(route::needs_of(at, stream).arbiters == 2);  // four selections each
  at.push_back({8, 0, 1, route::Way{1} << 8});
  CHECK(route::needs_of(at, stream).arbiters == 3);
}

TEST_CASE("what cannot be built is refused, what just fits is not") {
  const auto send = [](arch::ArraySpec array, int routes, bool loop = true) {
    Senders s(array);
    for (int i = 0; i < routes; ++i)
      s.send(0, "mem(0,0).mm2s0",
             {"tile(" + std::to_string(i / 4 % 4) + "," + std::to_string(i % 4) + ").s2mm" + std::to_string(i / 16)});
    if (loop) s.builder.repeat_last(s.builder.map().find("mem(0,0).mm2s0").value(), routes, 2);
    return s.problem();
  };
  arch::ArraySpec array = array_of(4, 4);
  array.stream.packet_ids = 8;
  CHECK_FALSE(send(array, 8));
  const std::optional<Failure> many = send(array, 9);
  REQUIRE(many);
  CHECK(many->code == ExitCode::does_not_fit);
  CHECK(describe(*many).find("mem(0,0).mm2s0 step 0 layer #0: a loop sends over 9 routes") != std::string::npos);
  CHECK_FALSE(send(array, 9, false));  // switches can be written in between

  array = array_of(4, 4);
  CHECK_FALSE(send(array, 1));
  array.stream.memtile.north = 0;
  const std::optional<Failure> cut = send(array, 1);
  REQUIRE(cut);
  CHECK(cut->code == ExitCode::does_not_fit);
  CHECK(describe(*cut).find("no links lead from mem(0,0).mm2s0") != std::string::npos);
}

TEST_CASE("the judge sees a routing that is wrong") {
  Senders s(array_of(2, 2));
  s.send(0, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(0, "mem(0,0).mm2s0", {"tile(1,1).s2mm0"});
  s.send(0, "mem(0,0).mm2s1", {"tile(1,0).s2mm1"});
  const route::Routing right = only_set(s.plan()).routing;
  REQUIRE(s.objection(right).empty());
  const auto objection = [&](auto change) {
    route::Routing wrong = right;
    change(wrong);
    return s.objection(wrong);
  };
  CHECK(objection([](route::Routing& r) { r.trees[0].pop_back(); }).find("receivers") != std::string::npos);
  CHECK(objection([](route::Routing& r) { r.trees[0][0].link = 6; }).find("takes link 6 of north of mem(0,0)") !=
        std::string::npos);
  CHECK(objection([](route::Routing& r) { std::swap(r.trees[0][0], r.trees[0][1]); }).find("no tree") !=
        std::string::npos);
  CHECK(objection([](route::Routing& r) { r.ids[0][1] = r.ids[0][0]; }).find("go different ways") != std::string::npos);
  CHECK(objection([](route::Routing& r) { r.ids[0][1] = 32; }).find("have id 32") != std::string::npos);
  // Two circuits on one link are packets, which need ids.
  CHECK(objection([](route::Routing& r) { r.trees[1][0].link = r.trees[0][0].link; }).find("have id -1") !=
        std::string::npos);
}

TEST_CASE("the judge counts slots, selections and arbiters") {
  Senders s(array_of(2, 2));
  for (const char* sink : {"tile(0,0).s2mm0", "tile(0,1).s2mm0", "tile(1,0).s2mm0"})
    s.send(0, "mem(0,0).mm2s0", {sink});
  s.send(0, "mem(0,0).mm2s1", {"tile(0,0).s2mm0", "tile(1,0).s2mm1"});
  const route::Routing routing = only_set(s.plan()).routing;
  REQUIRE(s.objection(routing).empty());
  s.array.stream.slots = 1;
  CHECK(s.objection(routing).find("leave in") != std::string::npos);
  s.array.stream.slots = 4;
  s.array.stream.selections = 1;
  CHECK(s.objection(routing).find("ways apart") != std::string::npos);
  s.array.stream.selections = 4;
  s.array.stream.arbiters = 0;
  CHECK(s.objection(routing).find("arbiters") != std::string::npos);
}

TEST_CASE("random streams: the judge agrees with whoever found the way") {
  int built = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
    arch::ArraySpec array = array_of(1 + pick(4), 1 + pick(4));
    array.memtile_rows = 1 + pick(2);
    if (pick(2) == 0) array.stream.packet_ids = array.stream.selections = 1 + pick(3);
    if (pick(4) == 0) array.stream.arbiters = 0;
    Senders s(array);
    const program::EngineMap& map = s.builder.map();
    std::vector<std::string> sources, sinks;
    for (program::EngineId e = 0; e < map.count(); ++e) {
      if (map.info(e).kind == program::EngineKind::mm2s) sources.push_back(map.name(e));
      if (map.info(e).kind == program::EngineKind::s2mm) sinks.push_back(map.name(e));
    }
    for (int i = 0, count = 1 + pick(24); i < count; ++i) {
      const std::string& from = sources[static_cast<std::size_t>(pick(static_cast<int>(sources.size())))];
      std::vector<std::string> to;
      for (const std::string& sink : sinks)
        if (pick(12) == 0 && to.size() < 4) to.push_back(sink);
      if (!to.empty()) s.send(0, from, to);
    }
    INFO("seed " << seed);
    for (const route::RouteSet& set : s.plan().sets) {
      CHECK(set.built.cut_off.empty());
      const std::string objection = s.objection(set.built.routing);
      CHECK(objection.empty() == set.built.overfull.empty());
      const auto impossible = route::impossible(s.device, s.builder.program().routes, set.routes);
      CHECK_FALSE((impossible && set.built.complete()));
      built += set.built.complete() ? 1 : 0;
    }
  }
  CHECK(built > 30);
}

TEST_CASE("where a switch lacks little, attempts that make its links dearer find another way") {
  // What all tiles get from each memory tile, what a column gets from its own, and results of every tile to each memory
  // tile: all ways into a tile have one arbiter, which tells four apart.
  Senders s(array_of(3, 4));
  for (int col = 0; col < 4; ++col) {
    std::vector<std::string> all, own;
    for (int r = 0; r < 3; ++r)
      for (int c = 0; c < 4; ++c) {
        const std::string tile = "tile(" + std::to_string(r) + "," + std::to_string(c) + ")";
        all.push_back(tile + ".s2mm0");
        if (c == col) own.push_back(tile + ".s2mm1");
        s.send(0, tile + ".mm2s0", {"mem(" + std::to_string(col) + ",0).s2mm0"});
      }
    const std::string source = "mem(" + std::to_string(col) + ",0).mm2s";
    s.send(0, source + "0", all);
    s.send(0, source + "0", own);
    s.send(0, source + "1", own);
  }
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 1);
  CHECK(plan.sets[0].built.complete());
  CHECK(s.objection(plan.sets[0].built.routing).empty());
}

TEST_CASE("as one set all routes are there at once, and nothing is written") {
  Senders s(array_of(2, 2));
  for (int layer = 0; layer < 6; ++layer)
    for (int r = 0; r < 2; ++r)
      for (int c = 0; c < 2; ++c) {
        const std::string tile = "tile(" + std::to_string(r) + "," + std::to_string(c) + ")";
        s.send(layer, "mem(" + std::to_string((c + layer) % 2) + ",0).mm2s" + std::to_string(layer), {tile + ".s2mm0"});
      }
  const route::Plan one = s.plan_as_one();
  REQUIRE(one.sets.size() == 1);
  CHECK(one.sets[0].routes.size() == 24);
  CHECK(one.sets[0].writes.empty());
}
