// What is written when the switches go from one set of routes to the next, and what can no set have?
#include <catch2/catch.hpp>
#include <numeric>

#include "sim/route/impossible.h"
#include "sim/route/registers.h"
#include "tests/route/network.h"

using namespace tessera;

namespace {

std::string tile(int row, int col) { return "tile(" + std::to_string(row) + "," + std::to_string(col) + ")"; }
std::string mem(int col) { return "mem(" + std::to_string(col) + ",0)"; }

std::string why_impossible(const Senders& s) {
  std::vector<int> all(s.builder.program().routes.size());
  std::iota(all.begin(), all.end(), 0);
  return route::impossible(s.device, s.builder.program().routes, all).value_or("");
}

}  // namespace

TEST_CASE("what a layer does without and a later one wants is not written again") {
  Senders s(one_link_up(2, 2, 0));  // circuits only
  s.send(1, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(1, "mem(1,0).mm2s0", {"tile(0,1).s2mm0"});
  s.send(2, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});  // takes the link north of mem(0,0)
  s.send(3, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
  s.send(3, "mem(1,0).mm2s0", {"tile(0,1).s2mm0"});
  const route::Plan plan = s.plan();
  REQUIRE(plan.sets.size() == 3);
  CHECK(written(plan.sets[2]) == 3);  // the master port of mem(0,0), and those of tile(0,0) up and to its DMA
}

TEST_CASE("layers between others have one set with them where links allow it, whatever their order") {
  Senders s(array_of(2, 2));
  for (int layer = 1; layer <= 6; ++layer)
    s.send(layer, "mem(0,0).mm2s" + std::to_string(layer % 3), {tile(layer % 2, 0) + ".s2mm0"});
  CHECK(s.plan().sets.size() == 1);
}

TEST_CASE("streams of many to one receiver share links, which have no more to do than it") {
  Senders s(array_of(4, 4));
  for (int row = 0; row < 4; ++row)
    for (int col = 0; col < 4; ++col)
      for (int to = 0; to < 4; ++to) s.send(0, tile(row, col) + ".mm2s0", {mem(to) + ".s2mm0"});
  const route::Plan plan = s.plan();  // 64 routes over the 16 links down
  REQUIRE(plan.sets.size() == 1);
  CHECK(plan.sets[0].built.complete());
  CHECK(plan.sets[0].built.excess == 0);
  CHECK(s.objection(plan.sets[0].built.routing).empty());
}

TEST_CASE("a slot that a port has under another number is not written") {
  const route::SwitchRegister port{0, false, 3, -1};
  const auto at = [&](int slot) {
    route::SwitchRegister r = port;
    r.slot = slot;
    return r;
  };
  const std::vector<std::int64_t> a{1, 2, 0x10}, b{5, 0x20}, c{2, 0x40};  // ids, then the way
  const auto after = [&](route::SwitchRegisters first) {
    route::SwitchState state;
    CHECK(state.go_on(first).empty());
    return state;
  };
  route::SwitchState state = after({{port, {1}}, {at(0), a}});
  CHECK(state.go_on({{port, {1}}, {at(0), b}, {at(1), a}})
            .empty());  // b has a free slot, and no packet of it came before
  CHECK(state.now().at(at(0)) == a);
  CHECK(state.now().at(at(1)) == b);
  CHECK(state.go_on({{port, {1}}, {at(0), a}, {at(1), b}}).empty());
  // Id 2 goes another way: its former slot is written over, and b, which takes none of these ids, stays.
  const std::vector<route::RegisterChange> changes = state.go_on({{port, {1}}, {at(0), c}});
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].from == a);
  CHECK(changes[0].to == c);
  CHECK(state.now().at(at(1)) == b);
  // Two slots would take ids of the next one: one is written over, the other is closed.
  CHECK(after({{port, {1}}, {at(0), a}, {at(1), b}}).go_on({{port, {1}}, {at(0), {2, 5, 0x40}}}).size() == 2);
}

TEST_CASE("a port that would still send what another one takes is closed") {
  const route::SwitchRegister slave{0, false, 0, -1}, other{0, false, 1, -1}, up{0, true, 0, -1}, in{0, true, 7, -1};
  route::SwitchState state;
  CHECK(state.go_on({{slave, {0}}, {up, {-1}}}).empty());
  const std::vector<route::RegisterChange> changes = state.go_on({{slave, {0}}, {in, {-1}}});
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].at.port == 0);
  CHECK(changes[0].to.empty());
  CHECK(changes[1].at.port == 7);
  CHECK(changes[1].from.empty());
  // Whatever another slave port brings does not concern it, and what nothing came by yet is set with the design.
  CHECK(state.go_on({{other, {0}}, {up, {-2}}}).size() == 1);
  const route::SwitchRegister third{0, false, 2, -1}, east{0, true, 9, -1};
  CHECK(state.go_on({{other, {0}}, {up, {-2}}, {third, {0}}, {east, {-3}}}).empty());
}

TEST_CASE("registers stand where the hardware has them, and those that are close are one block") {
  Senders s(array_of(4, 4));
  s.array.controller.mechanism = arch::ControlMechanism::serial;
  s.array.controller.operation_ns = 145;
  s.array.controller.block_word_ns = 12.6;
  const program::EngineMap map(s.array);
  const route::Device device(s.array, map);
  const program::TileId tile = map.compute_tile(1, 1);
  const auto links = [&](route::Side side) {  // that leave the tile
    for (const int l : device.grid.from(tile))
      if (device.grid.links()[static_cast<std::size_t>(l)].side == side)
        return device.grid.links()[static_cast<std::size_t>(l)];
    return route::Links{};
  };
  // am025: core 0, DMA 1 and 2, control 3, FIFO 4, south 5 to 8, west 9 to 12, north 13 to 18, east 19 to 22.
  const auto master = [&](int port) { return route::SwitchRegister{tile, true, port, -1}; };
  CHECK(route::register_number(device, master(links(route::Side::south).master)) == 5);
  CHECK(route::register_number(device, master(links(route::Side::north).master + 5)) == 18);
  CHECK(route::register_number(device, master(links(route::Side::east).master)) == 19);
  const int dma = device.grid.master_of(map.info(map.tile_channel(1, 1, program::EngineKind::s2mm, 1)));
  CHECK(route::register_number(device, master(dma)) == 2);
  const int slave = device.grid.slave_of(map.info(map.tile_channel(1, 1, program::EngineKind::mm2s, 0)));
  CHECK(route::register_number(device, {tile, false, slave, -1}) == 65);
  CHECK(route::register_number(device, {tile, false, slave, 3}) == 128 + 4 + 3);

  const auto blocks = [&](const std::vector<int>& slots) {  // of the slave port, and one master port
    const route::RegisterValue none, circuit{-1}, packets{1, 1};
    std::vector<route::RegisterSetting> settings{{master(dma), &none, &circuit}};
    for (const int n : slots) settings.push_back({{tile, false, slave + n / 4, n % 4}, &none, &packets});
    return route::blocks_of(device, settings);
  };
  CHECK(blocks({0}).size() == 2);
  CHECK(blocks({0, 1, 2, 3}).size() == 2);
  CHECK(blocks({0, 3}).at(1).words == 4);  // what lies between is written again
  CHECK(blocks({0, 3}).at(1).changes.size() == 2);
}

TEST_CASE("across a row of links goes what has to, a bundle once") {
  Senders s(array_of(2, 2));
  s.send(0, "mem(0,0).mm2s0", {"tile(1,0).s2mm0", "tile(1,1).s2mm0"});
  s.send(0, "mem(0,0).mm2s1", {"tile(0,0).s2mm0"});
  std::vector<int> all{0, 1};
  const auto streams = [&](route::Side side, int before) {
    for (const route::Cut& cut : route::cuts_of(s.device, s.builder.program().routes, all))
      if (cut.side == side && cut.at == before) return cut.streams;
    return std::int64_t{-1};
  };
  CHECK(streams(route::Side::north, 1) == 2);  // from the memory tiles
  CHECK(streams(route::Side::north, 2) == 1);  // from row 0 to row 1
  CHECK(streams(route::Side::east, 0) == 1);
  CHECK(streams(route::Side::south, 1) == 0);
}

TEST_CASE("what no routing can be is told with the reason") {
  const auto ids = [](int routes) {
    arch::ArraySpec array = array_of(4, 4);
    array.stream.packet_ids = 8;
    Senders s(array);
    for (int i = 0; i < routes; ++i) s.send(0, "mem(0,0).mm2s0", {tile(i / 4, i % 4) + ".s2mm0"});
    return why_impossible(s);
  };
  CHECK(ids(8).empty());
  CHECK(ids(9) == "mem(0,0).mm2s0 sends over 9 routes, 8 packet ids");

  const auto ends = [](int sets) {
    Senders s(array_of(1, 1));
    for (int i = 0; i < sets; ++i) {
      std::vector<std::string> to{"mem(0,0).s2mm0"};
      if (i > 0) to.push_back("mem(0,0).s2mm" + std::to_string(i));
      s.send(0, "tile(0,0).mm2s0", to);
    }
    return why_impossible(s);
  };
  CHECK(ends(4).empty());
  CHECK(ends(5) == "packets end in mem(0,0) in 5 sets of channels with common ones, 4 selections of an arbiter");

  const auto circuits = [](int arbiters) {
    Senders s(one_link_up(2, 1, arbiters));
    s.send(0, "mem(0,0).mm2s0", {"tile(0,0).s2mm0"});
    s.send(0, "mem(0,0).mm2s1", {"tile(1,0).s2mm0"});
    return why_impossible(s);
  };
  CHECK(circuits(6).empty());
  CHECK(circuits(0) == "2 streams cross up between heights 1 and 2, 1 links and no packets");
}
