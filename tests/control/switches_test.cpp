// Are the switches written as the routes need, in time and not too early, and is every other program refused?
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "tests/control/switched.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;

namespace {

constexpr ControlMechanism mechanisms[] = {ControlMechanism::serial, ControlMechanism::control_packets,
                                           ControlMechanism::core};

struct Switched {
  explicit Switched(ControlMechanism mechanism, int objects = 6)
      : array(narrow_array(mechanism)),
        map(array),
        free(two_layers(array, objects)),
        program(*controlled(free, array)) {}

  // Where operations of a kind stand in the list of a controller.
  std::vector<std::size_t> at(EngineId controller, ControlKind kind) const {
    std::vector<std::size_t> places;
    const std::vector<ControlOp>& list = program.engines[static_cast<std::size_t>(controller)].control;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (list[i].kind == kind) places.push_back(i);
    return places;
  }
  // The first controller that writes switches.
  EngineId writer() const {
    for (EngineId c = map.first_controller(); c < map.count(); ++c)
      if (!at(c, ControlKind::write_switch).empty()) return c;
    return -1;
  }
  ControlOp& op(EngineId controller, std::size_t place) {
    return program.engines[static_cast<std::size_t>(controller)].control[place];
  }
  // Puts an operation elsewhere; what waits for operations of the controller waits for the same as before.
  void move(EngineId controller, std::size_t from, std::size_t to) {
    std::vector<ControlOp>& list = program.engines[static_cast<std::size_t>(controller)].control;
    const ControlOp moved = list[from];
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(from));
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(to), moved);
    for (Wait& w : program.waits) {
      if (w.engine != controller || w.tasks <= 0) continue;
      const auto was = static_cast<std::size_t>(w.tasks - 1);
      if (was == from)
        w.tasks = static_cast<std::int32_t>(to) + 1;
      else if (from < was && was <= to)
        --w.tasks;
      else if (to <= was && was < from)
        ++w.tasks;
    }
  }
  std::string problem() const { return objection(program, array); }

  ArraySpec array;
  EngineMap map;
  Program free, program;
};

void refused(ControlMechanism mechanism, const std::string& why, const std::function<void(Switched&)>& break_it) {
  Switched s(mechanism);
  break_it(s);
  const std::string problem = s.problem();
  INFO(why << "\n" << problem);
  CHECK(problem.find(why) != std::string::npos);
}

}  // namespace

TEST_CASE("what the second layer takes from the first is written between them, the rest comes with the design") {
  const ArraySpec array = narrow_array(ControlMechanism::serial);
  const std::vector<SwitchWrite> writes = writes_of(two_layers(array, 6), array);
  // The link up from the memory tile has another channel. In tile(0,1) what comes from there goes to another channel of
  // the DMA: two master ports, one beside the other. The slave port of the new channel in mem(0,0) was not used before.
  const EngineMap map(array);
  REQUIRE(writes.size() == 2);
  CHECK(map.tile_name(writes[0].tile) == "tile(0,1)");
  CHECK(writes[0].words == 2);
  CHECK(map.tile_name(writes[1].tile) == "mem(0,0)");
  CHECK(writes[1].words == 1);
  for (const SwitchWrite& w : writes) {
    REQUIRE(w.after.size() == 1);
    CHECK(w.after[0].engine == map.tile_channel(0, 1, EngineKind::s2mm, 0));
    CHECK(w.after[0].tasks == 6);
    REQUIRE(w.before.size() == 1);
    CHECK(w.before[0].channel == map.mem_channel(0, EngineKind::mm2s, 1));
    CHECK(w.before[0].number == 0);
  }
}

TEST_CASE("every mechanism writes them once and the program is right") {
  for (const ControlMechanism mechanism : mechanisms) {
    const Switched s(mechanism);
    INFO(control_mechanism_names[static_cast<std::size_t>(mechanism)]);
    CHECK(s.problem() == "");
    std::size_t count = 0;
    for (EngineId c = s.map.first_controller(); c < s.map.count(); ++c) {
      const std::size_t here = s.at(c, ControlKind::write_switch).size();
      if (s.map.info(c).tile_kind == TileKind::compute) CHECK(here == 0);
      count += here;
    }
    CHECK(count == writes_of(s.free, s.array).size());
  }
}

TEST_CASE("what is free to be written while a controller waits is written once") {
  for (const ControlMechanism mechanism : mechanisms) {
    const Switched s(mechanism);
    INFO(control_mechanism_names[static_cast<std::size_t>(mechanism)]);
    // Of three writes of a switch the last is needed first; the one in the middle waits for nothing.
    const TileId tile = writes_of(s.free, s.array).front().tile;
    const EngineId first = s.map.tile_channel(0, 1, EngineKind::s2mm, 0),
                   out = s.map.mem_channel(0, EngineKind::mm2s, 1);
    const std::vector<SwitchWrite> writes{
        {tile, 1, 0, 1, {{first, 6}}, {{out, 5}}}, {tile, 1, 8, 1, {}, {{out, 5}}}, {tile, 2, 16, 1, {}, {{out, 0}}}};
    const Expected<Program> made = control::lower(s.free, s.array, durations_of(s.free), writes);
    REQUIRE(made);
    std::vector<int> written;
    for (const EngineProgram& engine : made->engines)
      for (const ControlOp& op : engine.control)
        if (op.kind == ControlKind::write_switch) written.push_back(op.first);
    std::sort(written.begin(), written.end());
    CHECK(written == std::vector<int>{0, 8, 16});
  }
}

TEST_CASE("a write waits for what goes by it, and for nothing longer where tokens cost little") {
  for (const ControlMechanism mechanism : mechanisms) {
    Switched s(mechanism);
    INFO(control_mechanism_names[static_cast<std::size_t>(mechanism)]);
    const EngineId writer = s.writer(), in = s.map.tile_channel(0, 1, EngineKind::s2mm, 0), core = s.map.core(0, 1);
    const std::size_t first = s.at(writer, ControlKind::write_switch).front();
    bool of_channel = false, of_core = false;
    for (const std::size_t at : s.at(writer, ControlKind::await_token)) {
      if (at > first) break;
      of_channel = of_channel || s.op(writer, at).channel == in;
      of_core = of_core || s.op(writer, at).channel == core;
    }
    // One serial controller awaits the last call of the layer, which everything that came in was for.
    CHECK(of_channel == (mechanism != ControlMechanism::serial));
    CHECK(of_core == (mechanism == ControlMechanism::serial));
  }
}

TEST_CASE("without a controller nothing is written, and the registers are counted") {
  const ArraySpec array = narrow_array(ControlMechanism::none);
  const Program free = two_layers(array, 6);
  CHECK(controlled(free, array)->engines.size() == free.engines.size());
  CHECK(writes_of(free, array).size() == 2);
}

TEST_CASE("a write that is left out, too many or too large is refused") {
  for (const ControlMechanism mechanism : mechanisms) {
    refused(mechanism, "are not written, and streams go other ways later", [](Switched& s) {
      ControlOp& op = s.op(s.writer(), s.at(s.writer(), ControlKind::write_switch).front());
      op.kind = ControlKind::write_register;
      op.channel = s.map.shim_channel(0, EngineKind::mm2s, 0);
    });
    refused(mechanism, "writes registers",
            [](Switched& s) { ++s.op(s.writer(), s.at(s.writer(), ControlKind::write_switch).front()).words; });
    refused(mechanism, "writes registers", [](Switched& s) {
      const std::size_t at = s.at(s.writer(), ControlKind::write_switch).front();
      s.op(s.writer(), at - 1) = s.op(s.writer(), at);
    });
    refused(mechanism, "writes the switch of tile 99",
            [](Switched& s) { s.op(s.writer(), s.at(s.writer(), ControlKind::write_switch).front()).tile = 99; });
  }
}

TEST_CASE("a write before what goes by it is over is refused") {
  for (const ControlMechanism mechanism : mechanisms)
    refused(mechanism, "which goes by what is written, may not be over",
            [](Switched& s) { s.move(s.writer(), s.at(s.writer(), ControlKind::write_switch).front(), 0); });
}

TEST_CASE("a write after what goes by it has been started is refused") {
  for (const ControlMechanism mechanism : mechanisms)
    refused(mechanism, "may send before the switch of", [](Switched& s) {
      const EngineId writer = s.writer();
      s.move(writer, s.at(writer, ControlKind::write_switch).front(),
             s.program.engines[static_cast<std::size_t>(writer)].control.size() - 1);
    });
}

TEST_CASE("only the controller of its column writes a switch") {
  for (const ControlMechanism mechanism : {ControlMechanism::control_packets, ControlMechanism::core})
    refused(mechanism, "legal: controller(1)", [](Switched& s) {
      s.op(s.writer(), s.at(s.writer(), ControlKind::write_switch).front()).tile =
          static_cast<std::int16_t>(s.map.memory_tile(1));
    });
}

TEST_CASE("blocks cost an operation each, and more for words beyond those of a descriptor") {
  ControllerSpec spec;
  spec.operation_ns = 145;
  spec.block_word_ns = 12;
  CHECK(spec.serial_ns(ControlKind::write_switch, 1) == 145);
  CHECK(spec.serial_ns(ControlKind::write_switch, 8) == 145);
  CHECK(spec.serial_ns(ControlKind::write_switch, 11) == 145 + 3 * 12);
  CHECK(spec.packet_cycles(ControlKind::write_switch, 1) == 3);
  CHECK(spec.packet_cycles(ControlKind::write_switch, 4) == 6);
  CHECK(spec.packet_cycles(ControlKind::write_switch, 5) == 9);
  CHECK(spec.packet_cycles(ControlKind::write_descriptor) == 12);
}

namespace {

// When the last of the first layer arrives, and the first of the second.
std::pair<Cycles, Cycles> arrivals(const ArraySpec& array) {
  Device d(array);
  d.build.program() = *controlled(two_layers(array, 6), array);
  d.durations = durations_of(d.build.program());
  for (EngineProgram& engine : d.build.program().engines) {  // the layers were for the routes
    for (Transfer& t : engine.transfers) t.layer = -1;
    for (CoreInstr& c : engine.core) c.layer = -1;
    for (ControlOp& op : engine.control) op.layer = -1;
  }
  const Outcome outcome = d.run_until_idle();
  REQUIRE(outcome.code == ExitCode::ok);
  return {outcome.end(d.tile_in(0, 1, 0), 5), outcome.end(d.tile_in(0, 1, 1), 0)};
}

}  // namespace

TEST_CASE("a controller takes its time for them, and the second layer waits for it") {
  const auto with = [](double switch_ns) {
    ArraySpec array = narrow_array(ControlMechanism::serial);
    array.controller.kind_ns[static_cast<std::size_t>(ControlKind::write_switch)] = switch_ns;
    return arrivals(array);
  };
  const auto [cheap_first, cheap_second] = with(100);
  const auto [dear_first, dear_second] = with(10100);
  CHECK(dear_second - cheap_second == 20000);  // two writes, 10 us more each, at 1 GHz
  CHECK(dear_first == cheap_first);
}

TEST_CASE("a controller hears by a token that another one has written a switch") {
  const auto with = [](double token_cycles) {
    ArraySpec array = narrow_array(ControlMechanism::control_packets);
    array.controller.token_cycles = token_cycles;
    const auto [first, second] = arrivals(array);
    return second - first;
  };
  // One token says that the first layer has left the link, one that the other column's switch is written.
  CHECK(with(10000) - with(0) >= 2 * 10000 - 1000);
}

TEST_CASE("the text of a program holds the writes") {
  for (const ControlMechanism mechanism : mechanisms) {
    const Switched s(mechanism);
    const std::string text = write_program(s.program, s.array);
    CHECK(text.find("switch tile(0,1) first=") != std::string::npos);
    const Expected<Program> read = parse_program(text, s.array, "");
    REQUIRE(read);
    CHECK(program_hash(*read) == program_hash(s.program));
    Program other = s.program;
    ++other.engines[static_cast<std::size_t>(s.writer())]
          .control[s.at(s.writer(), ControlKind::write_switch).front()]
          .words;
    CHECK(program_hash(other) != program_hash(s.program));
  }
}
