// Who runs before whom, how long does a tensor live, which chain is critical?
#include "sim/network/graph.h"

#include <catch2/catch.hpp>
#include <limits>

#include "sim/network/network_file.h"

using namespace tessera;
using namespace tessera::network;

namespace {

// input -> a -> {b, c}; cat = [b, c]; d reads cat; e reads a and is an output, so is d.
Network diamond() {
  const auto json = nlohmann::json::parse(R"({"name":"n","input":[4,4,8],"layers":[
    {"name":"a","op":"conv2d","channels":8},
    {"name":"b","op":"conv2d","inputs":"a","channels":8},
    {"name":"c","op":"conv2d","inputs":"a","channels":8},
    {"name":"cat","op":"concat","inputs":["b","c"]},
    {"name":"e","op":"conv2d","inputs":"a","channels":8},
    {"name":"d","op":"conv2d","inputs":"cat","channels":8}]})");
  return *parse_network(json, "diamond");
}

}  // namespace

TEST_CASE("Order keeps what is in order, and lets the lowest index go first") {
  CHECK(topological_order({{}, {0}, {0}, {1, 2}}) == std::vector<int>{0, 1, 2, 3});
  CHECK(topological_order({{3}, {}, {1}, {1}}) == std::vector<int>{1, 2, 3, 0});
  CHECK(topological_order({{}, {2}, {1}, {2}}) == std::vector<int>{0});  // 1 and 2 are a cycle, 3 is behind it
}

TEST_CASE("Each cycle is found once, in the order of the data") {
  CHECK(find_cycles({{}, {0}, {1}}).empty());
  CHECK(find_cycles({{2}, {0}, {1}}) == std::vector<std::vector<int>>{{0, 1, 2}});
  CHECK(find_cycles({{0}, {2}, {1}}) == std::vector<std::vector<int>>{{0}, {1, 2}});
}

TEST_CASE("A tensor lives until its last reader, through the concats it is part of") {
  const Network n = diamond();  // ids: input 0, a 1, b 2, c 3, cat 4, e 5, d 6
  CHECK(last_use(n) == std::vector<LayerId>{1, 5, 6, 6, 6, 7, 7});
}

TEST_CASE("The most that is alive at once: while e runs, a, the parts of cat, and e") {
  const LivePeak peak = live_peak(diamond());
  CHECK(peak.bytes == 4 * 4 * 4 * 8);
  CHECK(peak.layer == 5);
}

TEST_CASE("Living tensors are counted as they stand in memory") {
  const auto one = [](const char* text) { return *parse_network(nlohmann::json::parse(text), "one"); };
  const Network conv = one(R"({"name":"n","input":[512,512,3],"layers":[{"name":"c","op":"conv2d","channels":3}]})");
  CHECK(live_peak(conv).bytes == 2 * 512 * 512 * 8);
  const Network gemm =
      one(R"({"name":"n","layers":[{"name":"g","op":"gemm","m":20,"n":12,"k":36,"in_type":"i16","out_type":"i32"}]})");
  CHECK(live_peak(gemm, true).bytes == 20 * 36 * 2 + 20 * 12 * 4);
  const Network padded = one(R"({"name":"n","layers":[{"name":"g","op":"gemm","m":20,"n":12,"k":36}]})");
  CHECK(live_peak(padded).bytes == 20 * 40 + 20 * 16);
}

TEST_CASE("The critical path is the dearest chain") {
  const Network n = diamond();
  const CriticalPath path = critical_path(n, {0, 5, 1, 4, 0, 8, 3});
  CHECK(path.cost == 13);
  CHECK(path.layers == std::vector<LayerId>{0, 1, 5});
  const CriticalPath other = critical_path(n, {0, 5, 1, 4, 0, 6, 3});
  CHECK(other.cost == 12);
  CHECK(other.layers == std::vector<LayerId>{0, 1, 3, 4, 6});
}

TEST_CASE("One choice per stage, such that the way through them costs least") {
  // The cheapest first step leads to a dear second one.
  const std::vector<std::vector<std::vector<double>>> costs{{{5, 4}}, {{1, 9}, {7, 8}}, {{2}, {0}}};
  CHECK(cheapest_choices(costs) == std::vector<int>{0, 0, 0, 0});
  CHECK(cheapest_choices({{{1, 1}}, {{1, 1}, {1, 1}}}) == std::vector<int>{0, 0, 0});
  const double never = std::numeric_limits<double>::infinity();
  CHECK(cheapest_choices({{{never, 1}}, {{1}, {3}}}) == std::vector<int>{0, 1, 0});
  CHECK(cheapest_choices({{{never, never}}, {{1}, {3}}}).empty());
}
