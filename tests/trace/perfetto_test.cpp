// Does a timeline open, with everything in its place?
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/trace/perfetto_trace.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::program;
using namespace tessera::trace;
using nlohmann::json;

namespace {

std::vector<json> events(const PerfettoTrace& trace, const ArraySpec& array) {
  std::ostringstream out;
  trace.write(out, array, {"conv \"1\"", "pool"});
  return json::parse(out.str()).at("traceEvents").get<std::vector<json>>();
}

std::vector<json> of(const std::vector<json>& all, const char* phase, const std::string& name) {
  std::vector<json> found;
  for (const json& e : all)
    if (e.at("ph") == phase && e.at("name") == name) found.push_back(e);
  return found;
}

bool track_named(const std::vector<json>& all, const char* kind, const std::string& name) {
  for (const json& e : of(all, "M", std::string(kind) + "_name"))
    if (e.at("args").at("name") == name) return true;
  return false;
}

}  // namespace

TEST_CASE("tracks carry the names of tiles, cores and channels; slices those of layers, in microseconds") {
  ArraySpec a;
  a.rows = a.cols = 2;
  a.clock_hz = 500e6;  // one cycle is 2 ns
  const EngineMap map(a);
  PerfettoTrace t;
  t.slice(map.core(1, 0), 1, "maxpool", 1000000, 3000000);
  t.slice(map.tile_channel(0, 1, EngineKind::s2mm, 1), 0, "activations", 0, 500000);
  const auto all = events(t, a);
  for (const char* tile : {"network", "tile(1,0)", "tile(0,1)"}) CHECK(track_named(all, "process", tile));
  for (const char* track : {"core(1,0)", "tile(0,1).s2mm1"}) CHECK(track_named(all, "thread", track));
  CHECK_FALSE(track_named(all, "process", "tile(0,0)"));
  const auto pool = of(all, "X", "pool");
  REQUIRE(pool.size() == 2);  // the layer and the call
  CHECK(pool[0].at("pid") == 0);
  CHECK(pool[1].at("ts") == 2.0);
  CHECK(pool[1].at("dur") == 4.0);
  CHECK(pool[1].at("cat") == "maxpool");
  CHECK(of(all, "X", "conv \"1\"").size() == 2);
}

TEST_CASE("layers that overlap get lanes of their own, and weights do not start a layer") {
  const ArraySpec a;
  PerfettoTrace t;
  t.slice(0, 0, "conv", 0, 100);
  t.slice(1, 1, "conv", 50, 150);
  t.slice(20, 1, "weights", 0, 20);
  const auto all = events(t, a);
  const auto first = of(all, "X", "conv \"1\""), second = of(all, "X", "pool");
  REQUIRE(second.size() == 3);
  CHECK(first[0].at("tid") == 0);
  CHECK(second[0].at("tid") == 1);
  CHECK(second[0].at("ts").get<double>() == Approx(5e-5).margin(1e-4));
}

TEST_CASE("slices that touch do not lap over each other by rounding") {
  ArraySpec a;
  a.clock_hz = 1.8e9;
  PerfettoTrace t;
  for (Millicycles at = 0; at < 200000; at += 137) t.slice(0, 0, "conv", at, at + 137);
  std::int64_t end = 0;  // in 0.1 ns
  for (const json& e : of(events(t, a), "X", "conv \"1\"")) {
    if (e.at("cat") == "layer") continue;
    CHECK(std::llround(e.at("ts").get<double>() * 1e4) == end);
    end += std::llround(e.at("dur").get<double>() * 1e4);
  }
}

TEST_CASE("slices of one track never overlap") {
  const ArraySpec a;
  PerfettoTrace t;
  t.slice(0, -1, "result", 0, 12000000);
  t.slice(0, -1, "result", 10000000, 22000000);
  t.slice(0, -1, "result", 14000000, 16000000);  // ends before the one it follows
  t.slice(0, -1, "result", 16000000, 30000000);
  const auto slices = of(events(t, a), "X", "result");
  REQUIRE(slices.size() == 4);
  CHECK(slices[2].at("dur") == 0.0);
  CHECK(slices[3].at("ts") == 22.0);
  CHECK(slices[1].at("ts") == 12.0);
  CHECK(slices[1].at("dur") == 10.0);
}

TEST_CASE("the file is bounded and says what is missing") {
  const ArraySpec a;
  PerfettoTrace t(10);
  for (int i = 0; i < 25; ++i) t.slice(0, 0, "conv", i * 1000, i * 1000 + 1000);
  CHECK(t.dropped() == 15);
  const auto all = events(t, a);
  CHECK(of(all, "i", "trace cut here: 15 more slices left out of 25").size() == 1);
  CHECK(of(all, "X", "conv \"1\"").size() == 11);  // ten calls and the layer, which is whole
  CHECK(of(all, "X", "conv \"1\"")[0].at("dur").get<double>() == Approx(0.025));
}
