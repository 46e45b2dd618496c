// Is a wrong trace refused, with line and field?
#include <catch2/catch.hpp>

#include "sim/replay/lane_work.h"
#include "tests/replay/published.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::replay;
using nlohmann::json;

namespace {

const std::string path = "tests/golden/published/vgg16_5x5_sparse50.jsonl";

// What reading says about the trace with line 4 changed.
template <class Edit>
std::string refusal(const Edit& edit) {
  const std::string text = published::read_file(path);
  json layer = json::parse(published::line_of(text, 4));
  edit(layer);
  const auto file = read_trace(published::with_line(text, 4, layer.dump()), "t.jsonl", parse_trace_name(path));
  return file ? "" : describe(file.failure());
}

template <class Edit>
std::string misfit(const Edit& edit) {
  const std::string text = published::read_file(path);
  json layer = json::parse(published::line_of(text, 4));
  edit(layer);
  const auto file = read_trace(published::with_line(text, 4, layer.dump()), "t.jsonl", parse_trace_name(path));
  REQUIRE(file);
  const auto fits = check_trace_fits(file->trace, published::machine(5, 5), "t.jsonl");
  if (fits) return "";
  CHECK(fits.failure().code == ExitCode::does_not_fit);
  return describe(fits.failure());
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("all published traces are read without a warning and fit the machine") {
  for (const std::string& name : published::trace_paths()) {
    INFO(name);
    const auto file = read_trace_file(name);
    REQUIRE(file);
    CHECK(file->warnings.empty());
    CHECK(check_trace_fits(file->trace, published::machine(file->trace.rows, file->trace.cols), name));
  }
}

TEST_CASE("what a name says") {
  const TraceName name = parse_trace_name("x/y/inception_v3_3x4_sparse50.jsonl");
  CHECK(name.network == "inception_v3");
  CHECK(*name.rows == 3);
  CHECK(*name.cols == 4);
  CHECK(*name.density == 0.5);
  CHECK(*parse_trace_name("vgg16_8x8_dense.jsonl").density == 1);
  CHECK_FALSE(parse_trace_name("mine.jsonl").rows);
  for (const char* odd :
       {"net_2x2_sparse.jsonl", "net_2x2_sparse500.jsonl", "net_2x.jsonl", "net_222x2.jsonl", "_.jsonl"})
    CHECK_FALSE(parse_trace_name(odd).density);
  CHECK_FALSE(parse_trace_name("net_2x2_dense.json").rows);
  CHECK(parse_trace_name("a_1x1_12x3.jsonl").network == "a_1x1");
  CHECK(*parse_trace_name("a_1x1_12x3.jsonl").rows == 12);

  const std::string text = published::read_file(path);
  const auto nameless = read_trace(text, "mine.jsonl", parse_trace_name("mine.jsonl"));
  REQUIRE_FALSE(nameless);
  has(describe(nameless.failure()), "--rows");
}

TEST_CASE("malformed and cut off: line and field") {
  const std::string text = published::read_file(path);
  const auto refused = [&](const std::string& wrong) {
    const auto file = read_trace(wrong, "t.jsonl", parse_trace_name(path));
    REQUIRE_FALSE(file);
    CHECK(file.failure().code == ExitCode::bad_input);
    return describe(file.failure());
  };
  has(refused(text.substr(0, text.size() - 40)), "line 19");
  has(refused(published::with_line(text, 7, "")), "line 7");
  has(refused(published::with_line(text, 7, "[1, 2]")), "line 7");
  has(refused(""), "line 1");
  std::string short_of_one = text.substr(0, text.rfind('\n', text.size() - 2) + 1);
  has(refused(short_of_one), "line 19: step: is missing: the trace is cut off after 18 steps");
  has(refused(published::with_line(text, 7, published::line_of(text, 3))), "line 7: step: is 3");
  CHECK_FALSE(read_trace_file("tests/golden/published/none_2x2_dense.jsonl"));
}

TEST_CASE("wrong fields: line and field") {
  CHECK(refusal([](json&) {}).empty());
  has(refusal([](json& l) { l["load_bytes"] = -1; }), "line 4: load_bytes: is -1");
  has(refusal([](json& l) { l["load_bytes"] = 1.5; }), "line 4: load_bytes: is 1.5");
  has(refusal([](json& l) { l["load_bytes"] = "12"; }), "line 4: load_bytes");
  has(refusal([](json& l) { l["write_bytes"] = 1e30; }), "line 4: write_bytes");
  has(refusal([](json& l) {
        l.erase("loadw_bytes");
        l["loadw_byte"] = 3;
      }),
      "line 4: loadw_bytes: is missing");
  has(refusal([](json& l) {
        l.erase("loadw_bytes");
        l["loadw_byte"] = 3;
      }),
      "loadw_byte\"");
  has(refusal([](json& l) { l["core_input"] = {1, 2}; }), "line 4: core_input");
  has(refusal([](json& l) { l["core_input"][0] = 0; }), "line 4: core_input");
  has(refusal([](json& l) { l["core_weights"] = nullptr; }), "line 4: core_weights");
  has(refusal([](json& l) { l["core_weights"][0] = 4096; }), "line 4: core_weights: is no part");
  has(refusal([](json& l) { l["kernel"] = {5, 5}; }), "line 4: kernel");
  has(refusal([](json& l) { l["op"] = "conv3d"; }), "line 4: op: is \"conv3d\"");
  has(refusal([](json& l) { l["home"]["input"] = "disk"; }), "line 4: home.input");
  has(refusal([](json& l) { l.erase("passes"); }), "line 4: passes");
  has(refusal([](json& l) { l["passes"] = json::array(); }), "line 4: passes");
  has(refusal([](json& l) { l["passes"][1]["iterations"] = 0; }), "line 4: passes[1].iterations: is 0");
  has(refusal([](json& l) { l["passes"][1]["iterations"] = true; }), "line 4: passes[1].iterations");
  has(refusal([](json& l) { l["passes"][0]["overlapped"] = 1; }), "line 4: passes[0].overlapped");
  has(refusal([](json& l) { l["passes"][0]["comp_us"] = -3; }), "line 4: passes[0].comp_us");
  const std::string two = refusal([](json& l) {
    l["load_bytes"] = -1;
    l["op"] = 3;
  });
  has(two, "load_bytes");
  has(two, "op");
}

TEST_CASE("a key that the format does not know is ignored, aloud") {
  const std::string text = published::read_file(path);
  json layer = json::parse(published::line_of(text, 4));
  layer["colour"] = "blue";
  const auto file = read_trace(published::with_line(text, 4, layer.dump()), "t.jsonl", parse_trace_name(path));
  REQUIRE(file);
  CHECK(file->warnings == std::vector<std::string>{"unknown key \"colour\" is ignored"});
}

TEST_CASE("more than the machine has: line, field and by how much") {
  CHECK(misfit([](json&) {}).empty());
  has(misfit([](json& l) {
        l["core_input"] = {9, 25, 128};
      }),
      "line 4: core_input: layer features.5 needs 28800 bytes");
  has(misfit([](json& l) { l["core_output"] = {99, 25, 128}; }), "line 4: core_output");
  has(misfit([](json& l) {
        l["core_weights"] = {32, 3, 3, 512};
        l["memtile_weights"] = l["core_weights"];
      }),
      "line 4: core_weights");
  has(misfit([](json& l) { l["memtile_input"] = {112, 25, 256}; }), "line 4: memtile_input");
}

TEST_CASE("weights are loaded where a sweep begins") {
  const auto loads = [](const std::vector<int>& passes, int rows, int tile_rows) {  // 1: edge, else a body
    TraceLayer l;
    l.output.h = rows;
    l.core_output.h = tile_rows;
    for (int n : passes) {
      TracePass p;
      p.iterations = std::abs(n);
      p.overlapped = n > 1 || n < 0;
      l.passes.push_back(p);
    }
    return weight_loads(l);
  };
  using Flags = std::vector<bool>;
  CHECK(loads({1, 10, 1}, 35, 3) == Flags{true, false, false});
  CHECK(loads({1, 10, 1, 1, 10, 1}, 35, 3) == Flags{true, false, false, true, false, false});
  CHECK(loads({1, 2, 1, 1, 1, 2, 1, 1}, 17, 4) == Flags{true, false, false, false, true, false, false, false});
  CHECK(loads({1, 1, 54, 55, 1}, 112, 1) == Flags{true, false, false, true, false});
  CHECK(loads({1, 6, 1, 6}, 7, 1) == Flags{true, false, true, false});
  CHECK(loads({14, 14}, 14, 1) == Flags{true, true});
  CHECK(loads({1, 1, 1, 1}, 4, 2) == Flags{true, false, true, false});  // edges only: two sweeps of two
}
