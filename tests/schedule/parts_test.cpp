// The parts of the scheduler by themselves: axes, channels, projecting tiles, ordering channels.
#include <catch2/catch.hpp>

#include "sim/base/random.h"
#include "sim/cost/control_time.h"
#include "sim/cost/tuned.h"
#include "sim/mapping/stored_masks.h"
#include "sim/schedule/channel_order.h"
#include "sim/schedule/channel_plan.h"
#include "sim/schedule/depth_first.h"
#include "sim/schedule/sharding_axis.h"
#include "sim/schedule/tile_search.h"
#include "sim/sparsity/layer_mask.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::mapping;
using namespace tessera::network;
using namespace tessera::schedule;
using namespace tessera::sparsity;

namespace {

// Of a convolution from 16x16x64 to `height` x 16x64 whose rows and channels are cut.
Channels plan_of_map(int height, const ArraySpec& a) {
  Layer layer;
  layer.op = Op::conv2d;
  layer.in = {16, 16, 64};
  layer.out = {height, 16, 64};
  cost::LayerContext c;
  c.layer = &layer;
  return plan_channels(c, make_partition(layer, {0, height}, {Axis::height, Axis::channels}, a), a);
}

}  // namespace

TEST_CASE("the axes of all tensors together cost the least that any choice costs") {
  Random random(7);
  const auto below = [&](int n) { return static_cast<int>(random.below(n)); };
  int turned = 0;
  for (int round = 0; round < 300; ++round) {
    const int count = 1 + below(9);
    std::vector<AxisCosts> layers;
    for (int k = 0; k < 2 * count; ++k) {
      AxisCosts l;
      l.tensors.push_back(below(count));
      // Mostly neighbours, as in a chain; some reach across, as the branches of a block.
      const int other = std::min(count - 1, l.tensors[0] + 1 + (below(4) == 0 ? below(3) : 0));
      if (other != l.tensors[0]) l.tensors.push_back(other);
      for (int bits = 0; bits < 1 << l.tensors.size(); ++bits) l.cost.push_back(below(100));
      layers.push_back(std::move(l));
    }
    double least = cost_of(layers, std::vector<bool>(count, false));
    for (int bits = 0; bits < 1 << count; ++bits) {
      std::vector<bool> choice(count);
      for (int i = 0; i < count; ++i) choice[i] = (bits >> i & 1) != 0;
      least = std::min(least, cost_of(layers, choice));
    }
    const std::vector<bool> found = cheapest_axes(layers, count);
    CHECK(cost_of(layers, found) == least);
    turned += static_cast<int>(std::count(found.begin(), found.end(), true));
  }
  CHECK(turned > 300);
}

TEST_CASE("a further shim channel takes no channel from results where a memory tile has few of them") {
  ArraySpec a;
  a.rows = a.cols = 4;
  const auto loads = [&](int inbound, int shim) {
    a.memtile.dma.s2mm = inbound;
    a.shim.dma.mm2s = shim;
    const Channels plan = plan_of_map(16, a);
    CHECK(plan.loads + plan.results == inbound);
    return plan.loads;
  };
  CHECK(loads(4, 1) == 1);
  CHECK(loads(4, 2) == 1);
  CHECK(loads(6, 1) == 1);
  CHECK(loads(6, 2) == 2);
  CHECK(loads(8, 4) == 4);
}

TEST_CASE("a serial controller starts few channels for results, and as many for each core") {
  ArraySpec a;
  a.rows = a.cols = 4;
  a.clock_hz = 1e9;
  a.controller.mechanism = ControlMechanism::serial;
  a.memtile.dma.s2mm = 6;
  a.controller.operation_ns = 100;
  const auto results = [&](int height) { return plan_of_map(height, a).results; };
  // 1 KB per row, 4 B per cycle and channel; a channel costs four operations in each memory tile, 1600 cycles in all.
  CHECK(results(16) == 1);    // 1024 cycles on one channel
  CHECK(results(128) == 2);   // 8192 on one, 4096 on two
  CHECK(results(1024) == 4);  // never three: one of them would serve two cores
}

TEST_CASE("a channel iterates over one loop of equal tiles and has descriptors or tasks for the others") {
  DmaSpec dma;
  dma.descriptors = 48;
  dma.s2mm = dma.mm2s = 6;
  dma.iterations = 64;
  struct Row {
    double chain;
    cost::ControlLoops loops;
    double descriptors, tasks;
  };
  const std::vector<Row> rows{{1, {}, 1, 1},
                              {4, {}, 4, 1},
                              {1, {{7, true}}, 1, 1},
                              {4, {{7, true}}, 4, 1},
                              {1, {{7, false}}, 7, 2},
                              {1, {{2, true}, {7, true}}, 2, 2},   // a task for each turn of the outer loop
                              {1, {{64, true}, {2, true}}, 2, 1},  // a chain of two that iterates
                              {1, {{65, true}}, 2, 2},             // further than the field
                              {1, {{1, true}, {3, true}, {1, false}}, 1, 1}};
  for (const Row& row : rows) {
    const cost::ControlCount n = cost::channel_work(row.chain, row.loops, dma);
    CHECK(n.descriptors == row.descriptors);
    CHECK(n.tasks == row.tasks);
  }
}

TEST_CASE("depth-wise tiles take every row once and keep what the next tile reads") {
  Unit first, second;
  first.target = 1;
  first.geometry.out = {20, 20, 8};
  second.target = 2;
  second.geometry.inputs = {1};
  second.geometry.out = {20, 20, 8};
  second.geometry.window = {3, 3, 1, 1, 1, 1, 1, 1};
  const auto steps = depth_steps({first, second}, 4);
  REQUIRE(steps.size() == 8);
  for (int u : {0, 1}) {
    int at = 0;
    for (const DepthStep& s : steps) {
      if (s.unit != u) continue;
      CHECK(s.rows.lo == at);
      at = s.rows.hi;
    }
    CHECK(at == 20);
  }
  CHECK(steps[0].rows.hi == 6);  // one row of halo below the first five
  CHECK(steps[1].unit == 0);     // one tile ahead
  CHECK(steps[2].unit == 1);
  CHECK(steps[2].rows.hi == 5);
  CHECK(steps[2].keep[0] == 4);  // one row of halo above the next tile
}

TEST_CASE("reordered channels load the rows of an array evenly") {
  Network n;
  n.layers.resize(3);
  for (int i = 0; i < 3; ++i) n.layers[i].id = i;
  n.layers[0].op = Op::input;
  n.layers[0].out = {4, 4, 64};
  n.layers[1].op = n.layers[2].op = Op::conv2d;
  n.layers[1].inputs = {0};
  n.layers[2].inputs = {1};
  n.layers[1].in = n.layers[1].out = n.layers[2].in = n.layers[2].out = {4, 4, 64};
  BlockMask mask = BlockMask::all_ones(64, 64);
  for (int r = 0; r < 4; ++r)  // the first half of the rows nearly empty
    for (int c = 0; c < 7; ++c) mask.bits[static_cast<std::size_t>(r) * 8 + c] = 0;
  std::vector<KernelMask> masks(3);
  masks[1] = kernel_mask(mask);
  masks[2] = kernel_mask(BlockMask::all_ones(64, 64));
  ArraySpec array;
  const auto orders = balanced_channel_orders(n, masks, array);
  CHECK(imbalance(masks[1], 4) > 1.7);
  CHECK(imbalance(stored_mask(masks[1], orders[1], orders[0]), 4) == Approx(1.0));
  CHECK(orders[0].empty());  // the network's input keeps its order
  CHECK(orders[2].empty());  // and so does its output
}

TEST_CASE("a search for tiles with a limit finds what one without finds, or nothing that is below") {
  ArraySpec a;
  a.memtile.dma.s2mm = a.memtile.dma.mm2s = 6;
  a.memtile.memory.size = 1 << 19;
  const cost::LatencyModel& peak = **cost::find_latency_model("peak");
  Random random(3);
  const auto below = [&](int n) { return static_cast<int>(random.below(n)); };
  int found = 0;
  for (int round = 0; round < 60; ++round) {
    Layer layer;
    layer.op = Op::conv2d;
    layer.in = {7 << below(4), 7 << below(4), 32 << below(4)};
    layer.out = {layer.in.h, layer.in.w, 32 << below(4)};
    LayerWeights weights(layer, layer_mask(layer, std::nullopt), cost::tuned.paced_windows);
    LayerCase c;
    c.layer = c.kernel = &layer;
    c.weights = &weights;
    c.in_ddr.input = below(3) == 0;
    c.staging = a.memtile.memory.size;
    const Axis axes[] = {Axis::height, Axis::width, Axis::channels};
    const Partition p = make_partition(layer, {0, layer.out.h}, {axes[below(3)], axes[below(3)]}, a);
    const FoundTiles free = choose_tiles(c, p, a, peak, {1.2, false});
    Reach limited{1.2, false};
    limited.below = free.tiles ? free.tiles->estimate.cycles : 1e9;
    CHECK_FALSE(choose_tiles(c, p, a, peak, limited).tiles);
    if (!free.tiles) continue;
    ++found;
    limited.below *= 1 + random.below(100) / 100.0 + 1e-9;
    const FoundTiles same = choose_tiles(c, p, a, peak, limited);
    REQUIRE(same.tiles);
    CHECK(same.tiles->estimate.cycles == free.tiles->estimate.cycles);
    CHECK(same.tiles->tiling.steps() == free.tiles->tiling.steps());
  }
  CHECK(found > 30);
}
