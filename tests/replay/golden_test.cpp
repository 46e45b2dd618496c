// Do published traces replay to their own figures, whatever their time fields say?
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/replay/published.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::replay;

TEST_CASE("every published trace replays: lanes, ends and totals within 0.1 % or 1 ns") {
  const auto paths = published::trace_paths();
  REQUIRE(paths.size() == 23);
  for (const std::string& path : paths) {
    INFO(path);
    const std::string text = published::read_file(path);
    const auto result = published::replay(text, path);
    CHECK(published::differences(text, result).empty());
    CHECK(result["accounting"] == "published");
  }
}

TEST_CASE("the replayed totals are those of the published table") {
  std::map<std::pair<std::string, std::pair<int, double>>, double> table;
  for (const auto& t : published::totals()) table[{t.network, {t.rows, t.density}}] = t.us;
  for (const std::string& path : published::trace_paths()) {
    INFO(path);
    const TraceName name = parse_trace_name(path);
    const double total = table[{name.network, {*name.rows, *name.density}}];
    CHECK(published::replay(published::read_file(path), path)["latency_us"].get<double>() ==
          Approx(total).epsilon(1e-3));
  }
}

TEST_CASE("time fields decide nothing: removed or zero, the replay is the same") {
  for (const std::string path :
       {"tests/golden/published/resnet50_4x4_dense.jsonl", "tests/golden/published/inception_v3_3x3_sparse50.jsonl",
        "tests/golden/published/vgg16_2x2_dense.jsonl"}) {
    INFO(path);
    const std::string text = published::read_file(path);
    const auto result = published::replay(text, path);
    CHECK(published::replay(published::without_times(text), path) == result);
    CHECK(published::replay(published::with_zero_times(text), path) == result);
  }
}

TEST_CASE("the density comes from the bytes when the name does not say it") {
  for (const char* density : {"dense", "sparse50"}) {
    const std::string text =
        published::read_file(std::string("tests/golden/published/resnet50_6x6_") + density + ".jsonl");
    CHECK(published::differences(text, published::replay(text, "renamed_6x6.jsonl")).empty());
  }
}

TEST_CASE("a trace that was tampered with no longer matches its times") {
  const std::string path = "tests/golden/published/resnet50_5x5_sparse50.jsonl";
  const std::string text = published::read_file(path);
  const auto tampered = [&](int line, const std::function<void(nlohmann::json&)>& edit) {
    nlohmann::json layer = nlohmann::json::parse(published::line_of(text, line));
    edit(layer);
    const std::string wrong = published::with_line(text, line, layer.dump());
    return published::differences(wrong, published::replay(wrong, path));
  };
  const auto names = [](const std::vector<std::string>& found, const std::string& what) {
    for (const std::string& f : found)
      if (f.find(what) == 0) return true;
    return false;
  };
  CHECK(tampered(4, [](nlohmann::json&) {}).empty());
  CHECK(names(tampered(1, [](nlohmann::json& l) { l["load_bytes"] = l["load_bytes"].get<int>() + 400; }),
              "conv1.load_us"));
  CHECK(names(tampered(4, [](nlohmann::json& l) { l["loadw_bytes"] = 2 * l["loadw_bytes"].get<int>(); }),
              "layer1.0.conv1.loadw_us"));
  CHECK(names(tampered(4, [](nlohmann::json& l) { l["core_input"][2] = 32; }), "layer1.0.conv1.passes[0].comp_us"));
  CHECK(names(tampered(4, [](nlohmann::json& l) { l["core_output"][2] = 32; }), "layer1.0.conv1.passes[0].writefm_us"));
  CHECK(names(tampered(4, [](nlohmann::json& l) { l["passes"][0]["iterations"] = 1; }),
              "layer1.0.conv1.passes[0].loadfm_us"));
  CHECK(names(tampered(4, [](nlohmann::json& l) { l["passes"][0]["overlapped"] = false; }), "layer1.0.conv1.end_us"));
  CHECK(names(tampered(4, [](nlohmann::json& l) { l["core_weights"][0] = 8; }), "layer1.0.conv1.passes[0].loadwm_us"));
}
