// Are the default shifts a function of the network alone, and does a given one stay?
#include "sim/network/magnitude.h"

#include <catch2/catch.hpp>

#include "sim/network/network_file.h"

using namespace tessera;
using namespace tessera::network;

namespace {

int shift_of(int channels, int kernel) {
  const auto json =
      nlohmann::json{{"name", "n"},
                     {"input", {16, 16, channels}},
                     {"layers", {{{"name", "a"}, {"op", "conv2d"}, {"channels", 8}, {"kernel", kernel}}}}};
  return parse_network(json, "n")->layers[1].shift;
}

}  // namespace

TEST_CASE("Four times the fan-in is one shift more") {
  // 73.9 (input) * 23.4 (weights) * sqrt(64) / 40 (target) = 346 = 2^8.4
  CHECK(shift_of(64, 1) == 8);
  CHECK(shift_of(256, 1) == 9);
  CHECK(shift_of(16, 4) == 9);
  CHECK(shift_of(1024, 2) == 11);
}

TEST_CASE("A shift of the file stays") {
  const auto json = nlohmann::json::parse(
      R"({"name":"n","input":[4,4,8],"layers":[{"name":"a","op":"conv2d","channels":8,"shift":0}]})");
  CHECK(parse_network(json, "n")->layers[1].shift == 0);
}
