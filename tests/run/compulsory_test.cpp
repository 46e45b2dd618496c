// What has to pass DDR, and the bounds of whole networks, against numbers worked out by hand.
#include "sim/cost/compulsory.h"

#include <catch2/catch.hpp>

#include "sim/cost/bound.h"
#include "sim/network/network_file.h"
#include "sim/run/config_folder.h"
#include "sim/run/run_config.h"

using namespace tessera;
using namespace tessera::cost;
using namespace tessera::network;
using namespace tessera::run;
using namespace tessera::sparsity;

namespace {

Network network_of(const std::string& input, const std::string& layers) {
  const auto document =
      nlohmann::json::parse(R"({"name": "n", "input": )" + input + R"(, "layers": [)" + layers + "]}");
  Expected<Network> network = parse_network(document, "n");
  if (!network) FAIL(describe(network.failure()));
  return *network;
}

std::vector<KernelMask> dense(const Network& network) {
  std::vector<KernelMask> masks(network.layers.size());
  for (const Layer& l : network.layers)
    if (l.op == Op::conv2d) masks[l.id] = kernel_mask(BlockMask::all_ones(l.out.c, l.in.c));
  return masks;
}

CompulsoryTraffic traffic_of(const std::string& input, const std::string& layers) {
  const Network network = network_of(input, layers);
  return compulsory_traffic(network, dense(network), false);
}

}  // namespace

TEST_CASE("rows and columns between the windows of a stride are not compulsory") {
  // A pool with kernel 1 and stride 2 on 112x112x64: 56 rows of 56 pixels.
  const CompulsoryTraffic pool =
      traffic_of("[112, 112, 64]", R"({"name": "p", "op": "maxpool", "kernel": 1, "stride": 2})");
  CHECK(pool.read == 56 * 56 * 64);
  CHECK(pool.written == 56 * 56 * 64);
  // A 1x1 convolution with stride 2 on 96x160x64: 48 x 80 pixels, weights of 32 x 64, 32 biases of 4 B.
  const CompulsoryTraffic conv =
      traffic_of("[96, 160, 64]", R"({"name": "c", "op": "conv2d", "channels": 32, "kernel": 1, "stride": 2})");
  CHECK(conv.read == 48 * 80 * 64 + 32 * 64 + 32 * 4);
  CHECK(conv.written == 48 * 80 * 32);
  // Kernel 3x1, stride 8x2, one row of padding above: windows at rows -1, 7 and 15 of 20 cover rows 0 1, 7 8 9 and 15
  // 16 17; columns 0 2 4 6 8.
  const CompulsoryTraffic rectangle = traffic_of(
      "[20, 9, 8]", R"({"name": "c", "op": "maxpool", "kernel": [3, 1], "stride": [8, 2], "padding": [1, 0, 0, 0]})");
  CHECK(rectangle.read == 8 * 5 * 8);
  CHECK(rectangle.written == 3 * 5 * 8);
  CHECK(positions_read(20, 3, 3, 8, 1) == 8);
  // Rows behind the last window: stride 2 and kernel 3 on 10 rows reads 9 of them.
  CHECK(positions_read(10, 4, 3, 2, 0) == 9);
}

TEST_CASE("channels are stored in groups of 8") {
  const CompulsoryTraffic t =
      traffic_of("[512, 512, 3]", R"({"name": "c", "op": "conv2d", "channels": 3, "kernel": 1})");
  CHECK(t.read == 512 * 512 * 8 + 64 + 8 * 4);
  CHECK(t.written == 512 * 512 * 8);
}

TEST_CASE("what several layers read counts once, also where their windows overlap in part") {
  // Rows 0 2 4 6 of 8 and all columns, beside all rows and columns 0 4: 4 x 8 + 4 x 2 pixels.
  const CompulsoryTraffic t =
      traffic_of("[8, 8, 8]",
                 R"({"name": "a", "op": "maxpool", "inputs": "input", "kernel": 1, "stride": [2, 1]},
         {"name": "b", "op": "maxpool", "inputs": "input", "kernel": 1, "stride": [1, 4]})");
  CHECK(t.read == (4 * 8 + 4 * 2) * 8);
  CHECK(t.layers[1].input == 4 * 8 * 8);
  CHECK(t.layers[2].input == 8 * 2 * 8);
  CHECK(t.written == (4 * 8 + 8 * 2) * 8);
  // Through a concatenation: the reader sees the input behind the pool's 16 channels.
  const CompulsoryTraffic through = traffic_of("[4, 4, 16]",
                                               R"({"name": "p", "op": "maxpool", "kernel": 1},
         {"name": "both", "op": "concat", "inputs": ["p", "input"]},
         {"name": "c", "op": "conv2d", "inputs": "both", "channels": 8, "kernel": 1, "stride": 4})");
  CHECK(through.layers[3].input == 16);
  CHECK(through.read == 4 * 4 * 16 + 8 * 32 + 8 * 4);
  CHECK(through.written == 8);
}

TEST_CASE("input channels without a present block need not be read, weights of missing blocks neither") {
  const Network network =
      network_of("[4, 4, 24]", R"({"name": "c", "op": "conv2d", "channels": 16, "kernel": 3, "padding": 1})");
  std::vector<KernelMask> masks = dense(network);
  masks[1].bits = {1, 0, 0, 1, 0, 1};  // 2 x 3 blocks; nothing reads the second 8 channels
  const CompulsoryTraffic t = compulsory_traffic(network, masks, false);
  CHECK(t.layers[1].weights == 3 * 64 * 9 + 16 * 4);
  CHECK(t.layers[1].input == 4 * 4 * 16);
  CHECK(t.read == t.layers[1].weights + t.layers[1].input);
}

TEST_CASE("a network's bound is the larger of its kernel work and its traffic, each at full rate") {
  const nlohmann::json document = {
      {"network",
       {{"name", "two"},
        {"input", {32, 32, 64}},
        {"layers",
         {{{"name", "c"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 3}, {"padding", 1}},
          {{"name", "p"}, {"op", "maxpool"}, {"kernel", 2}}}}}},
      {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", 2}, {"cols", 2}}}};
  const Expected<RunConfig> config = make_run_config(document, config_folder(), "two", {});
  if (!config) FAIL(describe(config.failure()));
  const Bounds b = analytic_bounds(config->network, {3, std::nullopt}, config->array, **open_latency_model("peak"));
  // 256 multiply-accumulates, or 64 elements x taps of a pool, per cycle on each of 4 cores at 1 GHz.
  const double conv = 32.0 * 32 * 64 * 64 * 9 / 256 / 4 / 1e3, pool = 16.0 * 16 * 64 * 4 / 64 / 4 / 1e3;
  CHECK(b.layers[1].compute_us == Approx(conv));
  CHECK(b.layers[2].compute_us == Approx(pool));
  CHECK(b.compute_us == Approx(conv + pool));
  // Two columns of two channels of 4 B/cycle.
  CHECK(b.ddr_us == Approx((32.0 * 32 * 64 + 64 * 64 * 9 + 64 * 4) / 16 / 1e3));
  CHECK(b.bound_us() == b.compute_us);
  CHECK(b.alone_us == Approx(b.layers[1].alone.us + b.layers[2].alone.us));
}

TEST_CASE("the fullest of several machines holds at least this, however parts are dealt out") {
  CHECK(fullest({4, 4, 4, 4, 4}, 4) == 8);  // five equal parts: one machine has two
  CHECK(fullest({9, 1, 1, 1}, 4) == 9);     // the largest part
  CHECK(fullest({3, 3, 2, 2, 2}, 2) == 6);  // the average
  CHECK(fullest({5, 5, 4, 1}, 2) == 9);     // of the three largest two share a machine
  CHECK(fullest({0, 0}, 3) == 0);
}
