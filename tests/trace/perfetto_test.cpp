// Does a timeline open, with everything in its place?
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/trace/counters.h"
#include "sim/trace/event_writer.h"
#include "sim/trace/perfetto_trace.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;
using namespace tessera::trace;
using nlohmann::json;

namespace {

// Two layers; every channel has one descriptor of 64 bytes, every core one call.
Program program_for(const ArraySpec& array) {
  Program program;
  for (const char* name : {"conv \"1\"", "pool"}) {
    ProgramLayer placed;
    placed.layer.id = static_cast<int>(program.layers.size());
    placed.layer.name = name;
    placed.layer.op = network::Op::conv2d;
    placed.mapping = "cols=height rows=channels";
    program.layers.push_back(placed);
  }
  KernelCall call;
  call.layer = 0;
  call.out = {0, 7, 0, 14, 0, 64};
  program.calls.push_back(call);
  const EngineMap map(array);
  program.engines.resize(static_cast<std::size_t>(map.count()));
  for (EngineProgram& engine : program.engines) {
    engine.transfers.resize(1);
    engine.transfers[0].access = linear(0, 64);
    engine.core.resize(1);
    engine.core[0].call = 0;
    engine.control.resize(1);
  }
  return program;
}

Task task(int engine, int layer, const char* what, Millicycles begin, Millicycles end) {
  return {engine, layer, what, std::string(what) == "weights", 0, begin, end, end};
}

std::vector<json> events(const PerfettoTrace& trace, const Program& program, const std::vector<Counter>& more = {}) {
  return json::parse(perfetto_file({trace.events(1, "dense", program, more)}))
      .at("traceEvents")
      .get<std::vector<json>>();
}

std::vector<json> of(const std::vector<json>& all, const char* phase, const std::string& name) {
  std::vector<json> found;
  for (const json& e : all)
    if (e.at("ph") == phase && e.at("name") == name) found.push_back(e);
  return found;
}

bool named(const std::vector<json>& all, const char* kind, const std::string& name) {
  for (const json& e : of(all, "M", std::string(kind) + "_name"))
    if (e.at("args").at("name") == name) return true;
  return false;
}

}  // namespace

TEST_CASE("threads carry the names of cores and channels; slices those of layers, in microseconds") {
  ArraySpec a;
  a.rows = a.cols = 2;
  a.clock_hz = 500e6;  // one cycle is 2 ns
  const EngineMap map(a);
  PerfettoTrace t(a);
  t.task(task(map.core(1, 0), 1, "maxpool", 1000000, 3000000));
  t.task(task(map.tile_channel(0, 1, EngineKind::s2mm, 1), 0, "activations", 0, 500000));
  const auto all = events(t, program_for(a));
  CHECK(named(all, "process", "dense"));
  for (const char* track : {"layers 0", "core(1,0)", "tile(0,1).s2mm1"}) CHECK(named(all, "thread", track));
  CHECK_FALSE(named(all, "thread", "core(0,0)"));
  const auto pool = of(all, "X", "pool");
  REQUIRE(pool.size() == 2);  // the layer and the call
  CHECK(pool[0].at("args").at("mapping") == "cols=height rows=channels");
  CHECK(pool[1].at("ts") == 2.0);
  CHECK(pool[1].at("dur") == 4.0);
  CHECK(pool[1].at("cat") == "maxpool");
  CHECK(pool[1].at("args").at("tile") == "h 0-7 w 0-14 c 0-64");
  const auto conv = of(all, "X", "conv \"1\"");
  REQUIRE(conv.size() == 2);
  CHECK(conv[1].at("args").at("bytes") == 64);
  CHECK(conv[1].at("args").at("layer") == "conv \"1\"");
}

TEST_CASE("layers that overlap get lanes of their own, and weights do not start a layer") {
  const ArraySpec a;
  PerfettoTrace t(a);
  t.task(task(0, 0, "conv", 0, 100));
  t.task(task(1, 1, "conv", 50, 150));
  t.task(task(20, 1, "weights", 0, 20));
  const auto all = events(t, program_for(a));
  const auto first = of(all, "X", "conv \"1\""), second = of(all, "X", "pool");
  REQUIRE(second.size() == 3);
  CHECK(first[0].at("tid") != second[0].at("tid"));
  CHECK(second[0].at("ts").get<double>() == Approx(5e-5).margin(1e-4));
}

TEST_CASE("slices that touch do not lap over each other by rounding") {
  ArraySpec a;
  a.clock_hz = 1.8e9;
  PerfettoTrace t(a);
  for (Millicycles at = 0; at < 200000; at += 137) t.task(task(0, 0, "conv", at, at + 137));
  std::int64_t end = 0;  // in 0.1 ns
  for (const json& e : of(events(t, program_for(a)), "X", "conv \"1\"")) {
    if (e.at("cat") == "layer") continue;
    CHECK(std::llround(e.at("ts").get<double>() * 1e4) == end);
    end += std::llround(e.at("dur").get<double>() * 1e4);
  }
}

TEST_CASE("waits stand between tasks, conflicts within them") {
  const ArraySpec a;
  PerfettoTrace t(a);
  t.charge({0, 0, "wait_input", 0, 3000});
  t.charge({0, 0, "overhead", 3000, 4000});
  t.charge({0, 0, "busy", 4000, 9000});
  t.charge({0, 0, "bank_conflict", 9000, 10000});
  t.task(task(0, 0, "conv", 4000, 10000));
  t.charge({0, -1, "wait_input", 10000, 11000});
  t.charge({0, -1, "idle", 11000, 20000});
  const auto all = events(t, program_for(a));
  const auto waits = of(all, "X", "wait_input");
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].at("dur").get<double>() == Approx(0.003));
  CHECK(waits[0].at("args").at("layer") == "conv \"1\"");
  CHECK_FALSE(waits[1].at("args").contains("layer"));
  CHECK(of(all, "X", "bank_conflict").size() == 1);
  for (const char* cause : {"busy", "idle", "overhead"}) CHECK(of(all, "X", cause).empty());
  const auto busy = of(all, "C", "busy cores");
  REQUIRE(busy.size() == 2);
  CHECK(busy[0].at("args").at("cores") == 1);
  CHECK(busy[1].at("ts").get<double>() == Approx(0.009));
}

TEST_CASE("a receiver's slice ends when it goes on, its layer when the last word is there") {
  const ArraySpec a;
  const int channel = EngineMap(a).tile_channel(0, 0, EngineKind::s2mm, 0);
  PerfettoTrace t(a);
  t.task({channel, 0, "activations", false, 0, 0, 10000, 14000});
  t.task({channel, 0, "activations", false, 0, 10000, 20000, 24000});
  for (const json& e : of(events(t, program_for(a)), "X", "conv \"1\""))
    CHECK(e.at("dur").get<double>() == Approx(e.at("cat") == "layer" ? 0.024 : 0.010));
}

TEST_CASE("operations of a controller are named after what they do") {
  ArraySpec a;
  a.controller.mechanism = ControlMechanism::serial;
  const EngineMap map(a);
  PerfettoTrace t(a);
  t.task({map.first_controller(), 1, "push", true, 0, 0, 1000, 1000});
  const auto all = events(t, program_for(a));
  CHECK(named(all, "thread", "controller"));
  const auto push = of(all, "X", "push");
  REQUIRE(push.size() == 1);
  CHECK(push[0].at("args").at("channel") == map.name(0));
  CHECK(of(all, "X", "pool").empty());  // the layer has not begun
}

TEST_CASE("host memory's counter says what the channels move at each moment") {
  ArraySpec a;
  a.clock_hz = 1e9;
  const EngineMap map(a);
  PerfettoTrace t(a);
  t.task(task(map.shim_channel(0, EngineKind::mm2s, 0), 0, "activations", 0, 32000));      // 64 bytes in 32 ns
  t.task(task(map.shim_channel(1, EngineKind::mm2s, 0), 0, "activations", 16000, 32000));  // in 16 ns
  t.task(task(map.shim_channel(1, EngineKind::s2mm, 0), 0, "result", 64000, 128000));
  const auto all = events(t, program_for(a), {{"memory tiles", "bytes", {{0, 5}, {32000, 0}}}});
  std::vector<std::pair<double, double>> steps;
  for (const json& e : of(all, "C", "DDR read")) steps.emplace_back(e.at("ts"), e.at("args").at("GB/s"));
  CHECK(steps == std::vector<std::pair<double, double>>{{0, 2}, {0.016, 6}, {0.032, 0}});
  CHECK(of(all, "C", "DDR write")[0].at("args").at("GB/s") == 1);
  CHECK(of(all, "C", "memory tiles").size() == 2);
}

TEST_CASE("a sum of parts is zero where there are none, whatever was rounded before") {
  const auto steps = sum_of({{0, 30, 0.1}, {10, 30, 0.2}, {20, 30, 0.3}, {40, 40, 7}});
  REQUIRE(steps.size() == 4);
  CHECK(steps.back().tick == 30);
  CHECK(steps.back().value == 0);
}

TEST_CASE("names of any bytes are strings, and long ones are cut where no character is broken") {
  for (const std::string& name :
       {std::string("\xff\"\n</script>\x01"), std::string("\xe2\x80\xae"), std::string(1, '\0')})
    CHECK_NOTHROW(json::parse(json_string(name)));
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "\xd7\x90";  // 100 kB of Hebrew
  const std::string cut = short_name(text, 7);
  CHECK(cut.size() < 90);
  CHECK(json::parse(json_string(cut)).get<std::string>() == cut);
  CHECK(cut.find("(layer 7)") != std::string::npos);
  CHECK(short_name("conv1", 7) == "conv1");
}

TEST_CASE("the file is bounded and says what is missing") {
  const ArraySpec a;
  PerfettoTrace t(a, 10);
  for (int i = 0; i < 25; ++i) t.task(task(0, 0, "conv", i * 1000, i * 1000 + 1000));
  t.charge({0, 0, "wait_input", 25000, 26000});
  CHECK(t.dropped() == 16);
  const auto all = events(t, program_for(a));
  CHECK(of(all, "i", "trace cut here: 16 more slices left out of 26").size() == 1);
  CHECK(of(all, "X", "conv \"1\"").size() == 11);  // ten calls and the layer, which is whole
  CHECK(of(all, "X", "conv \"1\"")[0].at("dur").get<double>() == Approx(0.025));
}

TEST_CASE("processes of one file do not share threads") {
  const ArraySpec a;
  PerfettoTrace t(a);
  t.task(task(0, 0, "conv", 0, 1000));
  const Program program = program_for(a);
  const json file = json::parse(perfetto_file({t.events(1, "dense", program, {}), t.events(2, "sparse", program, {})}));
  std::map<int, int> process;
  for (const json& e : file.at("traceEvents"))
    if (e.contains("tid")) CHECK(process.emplace(e.at("tid"), e.at("pid")).first->second == e.at("pid"));
  CHECK(process.size() == 4);  // a lane of layers and a core each
}
