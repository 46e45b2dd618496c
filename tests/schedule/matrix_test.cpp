// Bit-exact everywhere: networks x arrays x masks, with data, against the reference. The wide matrix uses small inputs;
// every network also runs once at full size on 4x4.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;
using nlohmann::json;

namespace {

json network_with_input(const std::string& name, int size) {
  std::ifstream file(config_folder() + "/networks/" + name + ".json");
  json network = json::parse(file);
  if (size > 0) network["input"] = {size, size, 3};
  return network;
}

json check(const json& network, int rows, int cols, Density density, int bc, int bi, double ratio,
           const std::string& pattern) {
  INFO(fmt::format("{} on {}x{}, {} {}x{} blocks at {} {}", network["name"].get<std::string>(), rows, cols,
                   density_name(density), bc, bi, ratio, pattern));
  const json document = {{"network", network},
                         {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", rows}, {"cols", cols}}},
                         {"sparsity", {{"block", {bc, bi}}, {"ratio", ratio}, {"pattern", pattern}}}};
  const Expected<RunConfig> config = make_run_config(document, config_folder(), "matrix", {});
  if (!config) FAIL(describe(config.failure()));
  const Expected<json> result = isolated([&] {
    RunOptions options;
    options.functional = true;
    return run_density(*config, density, options);
  });
  if (!result) FAIL(describe(result.failure()));
  const json& f = (*result)["functional"];
  CHECK(f["mismatches"] == 0);
  CHECK(f["layers_checked"].get<int>() + 1 == static_cast<int>(config->network.layers.size()));
  CHECK(f["elements_checked"].get<std::int64_t>() > 0);
  return *result;
}

}  // namespace

TEST_CASE("every network at full size on 4x4") {
  for (const char* name : {"resnet50_classifier", "inception_v3_classifier", "vgg16_classifier", "resnet18_classifier"})
    check(network_with_input(name, 0), 4, 4, Density::sparse, 8, 8, 0.5, "random");
}

TEST_CASE("small inputs on every array, dense and sparse") {
  struct Mask {
    int bc, bi;
    double ratio;
    const char* pattern;
  };
  const std::vector<Mask> masks = {{8, 8, 0.25, "random"},    {4, 8, 0.5, "balanced"}, {16, 16, 0.9, "random"},
                                   {8, 8, 0.9, "balanced"},   {4, 8, 0.25, "random"},  {16, 16, 0.5, "balanced"},
                                   {32, 32, 0.5, "clustered"}};
  std::size_t turn = 0;
  for (const auto& [name, size] : {std::pair{"resnet50_classifier", 64},
                                   {"inception_v3_classifier", 107},
                                   {"vgg16_classifier", 32},
                                   {"resnet18_classifier", 64},
                                   {"gemm_197x233x331", 0}})
    for (const auto& [rows, cols] :
         {std::pair{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {7, 7}, {8, 8}, {4, 1}, {4, 2}, {8, 2}}) {
      const Mask& m = masks[turn++ % masks.size()];
      check(network_with_input(name, size), rows, cols, turn % 4 == 0 ? Density::dense : Density::sparse, m.bc, m.bi,
            m.ratio, m.pattern);
    }
}

TEST_CASE("a product whose rows are too long for a memory tile passes it chunk by chunk") {
  const json network = {{"name", "long"},
                        {"layers", {{{"name", "gemm"}, {"op", "gemm"}, {"m", 256}, {"n", 128}, {"k", 16384}}}}};
  for (const Density density : {Density::dense, Density::sparse}) {
    const json result = check(network, 2, 2, density, 8, 8, 0.5, "random");
    CHECK(result["layers"].back()["mapping"].get<std::string>().find("chunks-staged") != std::string::npos);
  }
}

TEST_CASE("tensors are sharded by width where kernels or maps speak for them, and only there") {
  const auto sharded_by_width = [](const json& result) {
    int count = 0;
    for (const json& l : result["layers"])
      count += l["mapping"].get<std::string>().find("sharding=width") != std::string::npos;
    return count;
  };
  const auto conv = [](const char* name, int channels, int kh, int kw, int stride) {
    return json{{"name", name},       {"op", "conv2d"},        {"channels", channels},
                {"kernel", {kh, kw}}, {"stride", {1, stride}}, {"padding", {kh / 2, kw / 2}}};
  };
  // One row of many pixels has no height to divide.
  const json line = {
      {"name", "line"},
      {"input", {1, 4096, 64}},
      {"layers", {conv("a", 64, 1, 9, 1), conv("b", 128, 1, 9, 2), conv("c", 128, 1, 9, 1), conv("d", 64, 1, 9, 1)}}};
  CHECK(sharded_by_width(check(line, 4, 4, Density::sparse, 8, 8, 0.5, "random")) > 0);
  CHECK(sharded_by_width(check(network_with_input("inception_v3", 0), 8, 4, Density::sparse, 8, 8, 0.5, "random")) > 0);
  json square = line;
  square["input"] = {32, 32, 64};
  square["layers"] = {conv("a", 64, 3, 3, 1), conv("b", 128, 3, 3, 1), conv("c", 64, 3, 3, 1)};
  CHECK(sharded_by_width(check(square, 8, 4, Density::sparse, 8, 8, 0.5, "random")) == 0);
}

TEST_CASE("convolutions of one input are computed as one, unless one of them is forced") {
  const auto conv = [](const char* name, const char* input, int channels) {
    return json{{"name", name}, {"op", "conv2d"}, {"inputs", input}, {"channels", channels}, {"kernel", 1}};
  };
  const json network = {{"name", "branches"},
                        {"input", {17, 17, 3}},
                        {"layers",
                         {conv("stem", "input", 768),
                          conv("a", "stem", 200),
                          conv("b", "stem", 152),
                          conv("c", "stem", 168),
                          {{"name", "all"}, {"op", "concat"}, {"inputs", {"a", "b", "c"}}},
                          conv("last", "all", 16)}}};
  const auto mapping = [](const json& result, const char* name) {
    for (const json& l : result["layers"])
      if (l["name"] == name) return l["mapping"].get<std::string>();
    return std::string();
  };
  // On 4x4 they are faster apart, with evened inbound channels.
  for (const auto& [rows, cols] : {std::pair{5, 5}, {6, 6}}) {
    const json result = check(network, rows, cols, Density::sparse, 8, 8, 0.5, "random");
    CHECK(mapping(result, "b") == "computed with a");
    CHECK(mapping(result, "c") == "computed with a");
  }
  const json document = {{"network", network},
                         {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", 4}, {"cols", 4}}},
                         {"schedule", {{"layers", {{"b", {{"cols", "height"}, {"rows", "channels"}}}}}}}};
  const Expected<RunConfig> config = make_run_config(document, config_folder(), "matrix", {});
  if (!config) FAIL(describe(config.failure()));
  const Expected<json> forced = isolated([&] { return run_density(*config, Density::dense); });
  if (!forced) FAIL(describe(forced.failure()));
  CHECK(mapping(*forced, "b").rfind("cols=height rows=channels", 0) == 0);
}
