// Several images in one network: whose weights and constants they have, which layers compute all of them at once, and
// where their tensors are joined.
#include "sim/network/batch.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/network/network_file.h"
#include "sim/network/stacked.h"

using namespace tessera::network;

namespace {

Network parsed(const std::string& layers, const std::string& input) {
  const auto network = parse_network(
      nlohmann::json::parse(R"({"name": "n", "input": )" + input + R"(, "layers": [)" + layers + "]}"), "n.json");
  if (!network) FAIL(describe(network.failure()));
  return *network;
}

// Windows that cross the border between two maps, then a pool of whole maps and products.
Network classifier() {
  return parsed(R"({"name": "a", "op": "conv2d", "channels": 16, "kernel": 3, "padding": 1},
                   {"name": "k", "op": "constant", "size": [8, 8, 16]},
                   {"name": "s", "op": "add", "inputs": ["a", "k"]},
                   {"name": "b", "op": "conv2d", "channels": 16, "kernel": 3, "padding": 1, "inputs": ["s"]},
                   {"name": "p", "op": "avgpool", "kernel": 8},
                   {"name": "f", "op": "gemm", "channels": 4096},
                   {"name": "g", "op": "gemm", "channels": 1000})",
                "[8, 8, 16]");
}

std::string names(const Network& network) {
  std::string text;
  for (const Layer& l : network.layers) text += (text.empty() ? "" : " ") + l.name;
  return text;
}

const Layer& named(const Network& network, const std::string& name) {
  for (const Layer& l : network.layers)
    if (l.name == name) return l;
  FAIL("no layer " << name);
  return network.layers[0];
}

// The layer of that name on three images; its shapes as text, or "apart".
std::string on_three(const Network& network, const std::string& name) {
  const auto s = stacked(network, named(network, name), 3);
  if (!s) return "apart";
  const Layer& l = s->layer;
  return std::to_string(l.in.h) + " to " + std::to_string(l.out.h) + " by " + std::to_string(l.window.sh);
}

}  // namespace

TEST_CASE("One image leaves the network as it is") {
  const Network one = classifier();
  const Batch batch = in_batch(one, 1);
  CHECK(names(batch.network) == names(one));
  for (const Layer& l : batch.network.layers) CHECK((l.repeats == -1 && l.images == 1));
}

TEST_CASE("Layers of each image, with the weights of the first one's; behind the pool for all at once") {
  const Batch batch = in_batch(classifier(), 2);
  const Network& n = batch.network;
  CHECK(names(n) == "input a k s b p p.rows1 input@2 a@2 s@2 b@2 p@2 p.rows2 p.images2 f g");
  CHECK(batch.image == std::vector<int>{0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, -1, -1});
  for (std::size_t i = 0; i < n.layers.size(); ++i) CHECK(n.layers[i].id == static_cast<LayerId>(i));
  CHECK(named(n, "b@2").repeats == named(n, "b").id);
  CHECK(named(n, "s@2").inputs == std::vector<LayerId>{named(n, "a@2").id, named(n, "k").id});
  CHECK(named(n, "k").repeats == -1);
  CHECK(named(n, "p.rows2").pixels.source(0) == -1);
  CHECK(named(n, "p.rows2").pixels.source(1) == 0);
  CHECK(named(n, "p.images2").inputs == std::vector<LayerId>{named(n, "p.rows1").id, named(n, "p.rows2").id});
  CHECK(named(n, "f").in == Shape{2, 1, 16});
  CHECK(named(n, "f").out == Shape{2, 1, 4096});
}

TEST_CASE("Joining tensors must be worth the weights that are read once") {
  const Network one = parsed(R"({"name": "a", "op": "conv2d", "channels": 64, "kernel": 3, "padding": 1},
                                {"name": "b", "op": "conv2d", "channels": 8})",
                             "[32, 32, 8]");
  CHECK(names(in_batch(one, 2).network) == "input a b input@2 a@2 b@2");
}

TEST_CASE("A transformer's layers are computed for all images from the input on; constants are repeated or shared") {
  const Network one = parsed(R"({"name": "patches", "op": "conv2d", "channels": 64, "kernel": 4, "stride": 4},
      {"name": "where", "op": "constant", "size": [4, 4, 64]},
      {"name": "x", "op": "add", "inputs": ["patches", "where"]},
      {"name": "shift", "op": "constant", "size": [1, 1, 64]},
      {"name": "y", "op": "mul", "inputs": ["x", "shift"]},
      {"name": "f", "op": "conv2d", "channels": 64})",
                             "[16, 16, 8]");
  const Network n = in_batch(one, 3).network;
  CHECK(names(n) == names(one));
  CHECK(n.layers[0].out == Shape{48, 16, 8});
  CHECK(named(n, "where").out == Shape{12, 4, 64});
  CHECK(named(n, "where").images == 3);
  CHECK(named(n, "shift").out == Shape{1, 1, 64});
  CHECK(named(n, "y").second == Shape{1, 1, 64});
  CHECK(named(n, "f").out == Shape{12, 4, 64});
}

TEST_CASE("Rows of one image alone: windows within a map, operands with rows, pixels in order") {
  const Network n = parsed(R"({"name": "within", "op": "maxpool", "kernel": 2, "stride": 2},
      {"name": "across", "op": "maxpool", "kernel": 3, "stride": 1, "padding": 1, "inputs": "input"},
      {"name": "overlap", "op": "maxpool", "kernel": 3, "stride": 1, "inputs": "input"},
      {"name": "beside", "op": "maxpool", "kernel": [1, 3], "stride": 1, "padding": [0, 1], "inputs": "input"},
      {"name": "whole", "op": "avgpool", "kernel": 8, "inputs": "input"},
      {"name": "scaled", "op": "mul", "inputs": ["input", "whole"]},
      {"name": "gates", "op": "mul", "inputs": ["whole", "whole"]})",
                           "[8, 8, 8]");
  CHECK(on_three(n, "within") == "24 to 12 by 2");
  CHECK(on_three(n, "across") == "apart");
  CHECK(on_three(n, "overlap") == "apart");
  CHECK(on_three(n, "beside") == "24 to 24 by 1");
  CHECK(on_three(n, "whole") == "24 to 3 by 8");
  CHECK(on_three(n, "scaled") == "apart");  // one row of `whole` per image
  CHECK(on_three(n, "gates") == "3 to 3 by 1");
}

TEST_CASE("A name that is taken already is left alone") {
  Network one = classifier();
  one.layers.back().name = "a@2";
  CHECK(names(in_batch(one, 2).network).find(" a@2' ") != std::string::npos);
}
