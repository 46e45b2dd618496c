// What does a network file mean, and what does a wrong one get to hear?
#include "sim/network/network_file.h"

#include <catch2/catch.hpp>
#include <fstream>

using namespace tessera;
using namespace tessera::network;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

Network good(const char* text) {
  Expected<Network> network = parse_network(json::parse(text), "net.json");
  if (!network) FAIL(describe(network.failure()));
  return *network;
}

Failure bad(const char* text) {
  const Expected<Network> network = parse_network(json::parse(text), "net.json");
  REQUIRE_FALSE(network);
  CHECK(network.failure().code == ExitCode::bad_input);
  return network.failure();
}

// A network whose only layer is `layer`, on an input of 8x8x16.
Failure bad_layer(const std::string& layer) {
  return bad((R"({"name":"n","input":[8,8,16],"layers":[)" + layer + "]}").c_str());
}

}  // namespace

TEST_CASE("Defaults: previous layer as input, stride 1 for conv2d, stride = kernel for pools") {
  const Network n = good(R"({"name":"n","input":[9,12,5],"layers":[
    {"name":"a","op":"conv2d","channels":7,"kernel":[3,1],"padding":[1,0]},
    {"name":"b","op":"maxpool","kernel":[3,2]},
    {"name":"c","op":"avgpool","global":true}]})");
  REQUIRE(n.layers.size() == 4);
  CHECK(n.layers[0].op == Op::input);
  CHECK(n.layers[0].out == Shape{9, 12, 5});
  CHECK(n.layers[1].out == Shape{9, 12, 7});
  CHECK(n.layers[1].inputs == std::vector<LayerId>{0});
  CHECK(n.layers[2].out == Shape{3, 6, 7});
  CHECK(n.layers[2].window.sh == 3);
  CHECK(n.layers[3].out == Shape{1, 1, 7});
  CHECK(n.layers[3].window.kw == 6);
}

TEST_CASE("Four paddings are top, left, bottom, right; excess input rows are dropped") {
  const Network n = good(R"({"name":"n","input":[8,8,8],"layers":[
    {"name":"a","op":"conv2d","channels":8,"kernel":3,"stride":2,"padding":[1,2,0,1],"shift":5}]})");
  const Layer& a = n.layers[1];
  CHECK(a.window.pad_top == 1);
  CHECK(a.window.pad_left == 2);
  CHECK(a.window.pad_bottom == 0);
  CHECK(a.window.pad_right == 1);
  CHECK(a.out == Shape{4, 5, 8});  // (8+1-3)/2+1, (8+3-3)/2+1
  CHECK(a.shift == 5);
}

TEST_CASE("A gemm is a 1x1 convolution over m pixels; gemms chain") {
  const Network n = good(R"({"name":"n","layers":[
    {"name":"g","op":"gemm","m":5,"n":7,"k":11},{"name":"h","op":"gemm","m":5,"n":3,"k":7}]})");
  CHECK(n.layers[0].out == Shape{5, 1, 11});
  CHECK(n.layers[1].out == Shape{5, 1, 7});
  CHECK(n.layers[1].macs() == 5 * 7 * 11);
  CHECK(n.layers[1].is_gemm);
  CHECK(n.layers[2].out == Shape{5, 1, 3});
}

TEST_CASE("Layers may stand in any order and are sorted") {
  const Network n = good(R"({"name":"n","input":[4,4,8],"layers":[
    {"name":"sum","op":"add","inputs":["b","a"]},
    {"name":"b","op":"conv2d","inputs":"a","channels":8},
    {"name":"a","op":"conv2d","inputs":"input","channels":8}]})");
  CHECK(n.layers[1].name == "a");
  CHECK(n.layers[2].name == "b");
  CHECK(n.layers[3].inputs == std::vector<LayerId>{2, 1});
  for (std::size_t i = 0; i < n.layers.size(); ++i) CHECK(n.layers[i].id == static_cast<int>(i));
}

TEST_CASE("Concat adds channels; parts behind a broken group of 8 are put among zeros and added") {
  const char* text = R"({"name":"n","input":[4,4,8],"layers":[
    {"name":"a","op":"conv2d","inputs":"input","channels":16},{"name":"b","op":"conv2d","inputs":"input","channels":5},
    {"name":"cat","op":"concat","inputs":["a","b"]}]})";
  CHECK(good(text).layers.back().out == Shape{4, 4, 21});
  json turned = json::parse(text);
  turned["layers"][2]["inputs"] = {"b", "a"};
  const Network n = good(turned.dump().c_str());
  REQUIRE(n.layers.size() == 6);
  const Layer &b = n.layers[3], &a = n.layers[4], &cat = n.layers[5];
  CHECK(b.op == Op::select);
  CHECK(b.source[4] == 4);
  CHECK(b.source[5] == -1);
  CHECK(a.source[4] == -1);
  CHECK(a.source[5] == 0);
  CHECK(cat.op == Op::add);
  CHECK(cat.name == "cat");
  CHECK(cat.inputs == std::vector<LayerId>{3, 4});
  CHECK(cat.out == Shape{4, 4, 21});
}

TEST_CASE("As many groups as channels are a depthwise convolution; a pool over a large map has two steps") {
  const Network n = good(R"({"name":"n","input":[112,112,24],"layers":[
    {"name":"dw","op":"conv2d","channels":24,"groups":24,"kernel":3,"dilation":2,"padding":2},
    {"name":"g","op":"conv2d","channels":48,"groups":3},
    {"name":"pool","op":"avgpool","global":true}]})");
  CHECK(n.layers[1].op == Op::depthwise);
  CHECK(n.layers[1].out == Shape{112, 112, 24});
  CHECK(n.layers[1].macs() == 112 * 112 * 24 * 9);
  CHECK(n.layers[2].macs() == 112 * 112 * 48 * 8);
  REQUIRE(n.layers.size() == 5);
  CHECK(n.layers[3].out == Shape{2, 2, 48});
  CHECK(n.layers[4].out == Shape{1, 1, 48});
  CHECK_THAT(describe(bad(R"({"name":"n","input":[8,8,24],"layers":[
    {"name":"g","op":"conv2d","channels":48,"groups":5}]})")),
             Contains("into 5 groups"));
}

TEST_CASE("All problems are reported in one pass, each with its layer") {
  const Failure f = bad(R"({"name":"n","input":[8,8,0],"layerz":1,"layers":[
    {"name":"a","op":"conv2d","channels":"many"},
    {"name":"b","op":"conv2d","chanels":8,"kernel":[3,3,3]},
    {"name":"c","op":"conv2d","inputs":"aa","channels":8,"groups":0,"dilation":[1,2,3]},
    {"name":"d","op":"fft"},
    {"name":"d","op":"maxpool","kernel":2,"padding":2},
    {"name":"e","op":"add"},
    {"op":"relu"}]})");
  const std::string text = describe(f);
  CHECK_THAT(text, Contains("unknown key 'layerz'; did you mean 'layers'?"));
  CHECK_THAT(text, Contains("input[2]: is 0; a whole number from 1 to 1048576"));
  CHECK_THAT(text, Contains("layers[0] 'a'.channels: is \"many\""));
  CHECK_THAT(text, Contains("layers[1] 'b': unknown key 'chanels'; did you mean 'channels'?"));
  CHECK_THAT(text, Contains("layers[1] 'b'.channels: is missing"));
  CHECK_THAT(text, Contains("layers[1] 'b'.kernel: has 3 entries"));
  CHECK_THAT(text, Contains("layers[2] 'c'.groups: is 0"));
  CHECK_THAT(text, Contains("layers[2] 'c'.dilation: has 3 entries"));
  CHECK_THAT(text, Contains("there is no layer 'aa'; did you mean 'a'?"));
  CHECK_THAT(text, Contains("layer kind 'fft' is not supported; one of conv2d, depthwise, gemm"));
  CHECK_THAT(text, Contains("the name 'd' is taken by layers[3] 'd'"));
  CHECK_THAT(text, Contains("leaves windows that read nothing but padding"));
  CHECK_THAT(text, Contains("add has 1 input; exactly 2"));
  CHECK_THAT(text, Contains("layers[6].name: is missing"));
  CHECK_THAT(text, Contains("ReLU is fused into its producer"));
  CHECK(f.problems.size() == 15);
}

TEST_CASE("A cycle is reported with its layers; what follows it is not repeated") {
  const Failure f = bad(R"({"name":"n","input":[8,8,8],"layers":[
    {"name":"a","op":"add","inputs":["input","c"]},
    {"name":"b","op":"conv2d","inputs":"a","channels":8},
    {"name":"c","op":"conv2d","inputs":"b","channels":8},
    {"name":"d","op":"conv2d","inputs":"c","channels":8}]})");
  REQUIRE(f.problems.size() == 1);
  CHECK_THAT(describe(f), Contains("cycle: a -> b -> c -> a"));
}

TEST_CASE("A layer that reads itself is a cycle") {
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","inputs":"a","channels":8})")), Contains("cycle: a -> a"));
}

TEST_CASE("Shapes that do not fit") {
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":8,"kernel":11,"padding":1})")),
             Contains("kernel 11x11 does not fit into its input of 8x8x16") && Contains("at most 10x10"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"gemm","m":8,"n":8,"k":16})")),
             Contains("an input of m x 1 x k = 8x1x16"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":8},)"
                                R"({"name":"b","op":"add","inputs":["input","a"]})")),
             Contains("adds 'a' of 8x8x8 to 'input' of 8x8x16"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":8,"stride":2},)"
                                R"({"name":"b","op":"concat","inputs":["input","a"]})")),
             Contains("concatenates 'a' of 4x4x8 with 'input' of 8x8x16"));
  CHECK_THAT(describe(bad(R"({"name":"n","input":[128,128,64],"layers":[{"name":"f","op":"gemm","channels":8}]})")),
             Contains("1048576 products per output could overflow"));
}

TEST_CASE("Wrong values of attributes") {
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":-8})")), Contains("is -8"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":1e3})")), Contains("a whole number"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":18446744073709551615})")),
             Contains("is 18446744073709551615"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":8,"stride":[1,0]})")), Contains("stride[1]"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":8,"relu":"yes"})")), Contains("true or false"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":8,"shift":32})")), Contains("0 to 31"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"maxpool"})")), Contains("kernel: is missing"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"maxpool","global":true,"kernel":2})")), Contains("stands beside"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"gemm","channels":8,"m":1})")), Contains("either channels"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"conv2d","channels":8,"inputs":[1]})")), Contains("layer names"));
  CHECK_THAT(describe(bad_layer(R"({"name":"input","op":"conv2d","channels":8,"inputs":"input"})")),
             Contains("is taken"));
  CHECK_THAT(describe(bad_layer("7")), Contains("layers[0]: is no object"));
  CHECK_THAT(describe(bad("[]")), Contains("is no object"));
  CHECK_THAT(describe(bad(R"({"name":"n","input":[1,1,1],"layers":[]})")), Contains("has 0 entries"));
}

TEST_CASE("General scales: multipliers of tensors and channels, each with its shift") {
  const Network n = good(R"({"name":"n","input":[8,8,8],"layers":[
    {"name":"a","op":"conv2d","channels":8,"multiplier":2147483647,"shift":62},
    {"name":"b","op":"gemm","channels":8,"multiplier":"channel","shift":40},
    {"name":"c","op":"conv2d","inputs":"input","channels":8},
    {"name":"d","op":"add","inputs":["a","c"],"multiplier":[3,5],"shift":2},
    {"name":"e","op":"avgpool","global":true,"multiplier":7,"shift":9}]})");
  CHECK(n.layers[1].scaling == Scaling::tensor);
  CHECK(n.layers[1].multiplier[0] == 2147483647);
  CHECK(n.layers[1].shift == 62);
  CHECK(n.layers[2].scaling == Scaling::channel);
  CHECK(n.layers[3].scaling == Scaling::power);
  CHECK(n.layers[4].multiplier == std::array<std::int32_t, 2>{3, 5});
  CHECK(n.layers[5].multiplier[0] == 7);
  const auto wrong = [](const char* keys) {
    return describe(bad_layer((R"({"name":"a","op":"conv2d","channels":8,)" + std::string(keys) + "}").c_str()));
  };
  CHECK_THAT(wrong(R"("multiplier":5)"), Contains("shift: is missing"));
  CHECK_THAT(wrong(R"("multiplier":0,"shift":1)"), Contains("1 to 2147483647"));
  CHECK_THAT(wrong(R"("multiplier":5,"shift":63)"), Contains("0 to 62"));
  CHECK_THAT(wrong(R"("multiplier":"rows","shift":3)"), Contains("or \"channel\""));
  CHECK_THAT(wrong(R"("multiplier":[1,2],"shift":3)"), Contains("is [1,2]"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"avgpool","global":true,"shift":3})")),
             Contains("without a multiplier"));
  CHECK_THAT(describe(bad(R"({"name":"n","input":[1,1,8],"layers":[
      {"name":"a","op":"depth_to_space","factor":[65536,65536]}]})")),
             Contains("deals 8 channels out to 4294967296 pixels"));
  CHECK_THAT(describe(bad(R"({"name":"n","input":[6,1,8],"layers":[
      {"name":"a","op":"maxpool","kernel":4,"stride":1,"padding":3,"dilation":2}]})")),
             Contains("has windows of which no tap lies in its input of 6x1x8"));
  CHECK_THAT(describe(bad(R"({"name":"n","input":[4,4,5],"layers":[{"name":"x.part0","op":"conv2d","channels":5},
      {"name":"x","op":"concat","inputs":["input","x.part0"]},{"name":"y","op":"conv2d","channels":8}]})")),
             Contains("the name 'x.part0' is taken by a part of another layer"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"maxpool","global":true,"multiplier":3})")),
             Contains("unknown key 'multiplier'"));
  CHECK_THAT(describe(bad_layer(R"({"name":"a","op":"add","inputs":["input","input"],"multiplier":3,"shift":1})")),
             Contains("one for each operand"));
}

TEST_CASE("Files: a missing one and one that is no JSON") {
  const Expected<Network> missing = load_network("no/such/network.json");
  REQUIRE_FALSE(missing);
  CHECK_THAT(describe(missing.failure()), Contains("no/such/network.json: cannot be read"));
  const std::string path = "broken_network_test.json";
  std::ofstream(path) << "{\"name\": ";
  const Expected<Network> broken = load_network(path);
  std::remove(path.c_str());
  REQUIRE_FALSE(broken);
  CHECK_THAT(describe(broken.failure()), Contains("legal: JSON") && Contains("line 1"));
}
