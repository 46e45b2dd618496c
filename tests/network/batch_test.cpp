// Several images in one network: whose weights and constants they have, and in which order their layers stand.
#include "sim/network/batch.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sim/network/network_file.h"

using namespace tessera::network;

namespace {

// Maps of 32 x 32 x 16 first, then of 8 x 8 x 16.
Network shrinking() {
  const auto network = parse_network(nlohmann::json::parse(R"({"name": "n", "input": [32, 32, 8], "layers": [
      {"name": "a", "op": "conv2d", "channels": 16},
      {"name": "p", "op": "maxpool", "kernel": 4, "stride": 4},
      {"name": "b", "op": "conv2d", "channels": 16},
      {"name": "k", "op": "constant", "size": [8, 8, 16]},
      {"name": "s", "op": "add", "inputs": ["b", "k"]},
      {"name": "c", "op": "conv2d", "channels": 8, "inputs": ["s"]},
      {"name": "d", "op": "conv2d", "channels": 8, "inputs": ["s"]},
      {"name": "e", "op": "concat", "inputs": ["c", "d"]}]})"),
                                     "n.json");
  REQUIRE(network);
  return *network;
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

constexpr tessera::Bytes small = 16 * 1024, large = 1 << 20;

}  // namespace

TEST_CASE("One image leaves the network as it is") {
  const Network one = shrinking();
  const Batch batch = in_batch(one, 1, small);
  CHECK(names(batch.network) == names(one));
  for (const Layer& l : batch.network.layers) CHECK((l.repeats == -1 && !l.waits));
}

TEST_CASE("Large maps one image after the other, then each layer for all images") {
  const Batch batch = in_batch(shrinking(), 2, small);
  // A pool of large maps reads what does not fit twice; what it leaves is read later.
  CHECK(names(batch.network) == "input a p input@2 a@2 p@2 b b@2 k s s@2 c d e c@2 d@2 e@2");
  CHECK(batch.image == std::vector<int>{0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1});
  for (const char* name : {"p", "p@2"}) CHECK(named(batch.network, name).waits);
  for (const char* name : {"a", "a@2", "b", "s@2", "e"}) CHECK_FALSE(named(batch.network, name).waits);
}

TEST_CASE("With room for everything each layer is computed for all images") {
  const Batch batch = in_batch(shrinking(), 3, large);
  CHECK(names(batch.network).rfind("input input@2 input@3 a a@2 a@3 p p@2 p@3 b b@2 b@3 k s", 0) == 0);
}

TEST_CASE("Images read their own tensors and share weights and constants") {
  const Batch batch = in_batch(shrinking(), 2, small);
  const Network& n = batch.network;
  for (std::size_t i = 0; i < n.layers.size(); ++i) CHECK(n.layers[i].id == static_cast<LayerId>(i));
  CHECK(named(n, "b@2").repeats == named(n, "b").id);
  CHECK(named(n, "b@2").inputs == std::vector<LayerId>{named(n, "p@2").id});
  CHECK(named(n, "s@2").inputs == std::vector<LayerId>{named(n, "b@2").id, named(n, "k").id});
  CHECK(named(n, "k").repeats == -1);
}

TEST_CASE("A name that is taken already is left alone") {
  Network one = shrinking();
  one.layers.back().name = "a@2";
  const std::string all = names(in_batch(one, 2, small).network);
  CHECK(all.find(" a@2' ") != std::string::npos);
}
