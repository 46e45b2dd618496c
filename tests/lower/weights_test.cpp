// Where weights come from when a layer is computed in parts.
#include <catch2/catch.hpp>
#include <set>

#include "sim/compile/compile.h"
#include "sim/network/network_file.h"
#include "tests/verify/subject.h"

using namespace tessera;

namespace {

// Bytes of weights that leave DDR for layer `name` of VGG16 on 4x4, its first two convolutions walked in `tiles`.
Bytes from_ddr(const std::string& name, int tiles) {
  const auto network = network::load_network("configs/networks/vgg16.json");
  if (!network) FAIL(describe(network.failure()));
  schedule::ScheduleSpec spec;
  spec.fusion_groups = {{"features.0", "features.4", tiles}};
  const arch::ArraySpec array = generic_array(4, 4, {});
  const auto peak = cost::find_latency_model("peak");
  const std::vector<std::optional<sparsity::BlockMask>> dense(network->layers.size());
  const auto made = compile::make_schedule(*network, dense, array, **peak, spec);
  if (!made) FAIL(describe(made.failure()));
  Bytes sum = 0;
  const program::EngineMap map(array);
  for (int col = 0; col < array.cols; ++col)
    for (int channel = 0; channel < array.shim.dma.mm2s; ++channel)
      for (const program::Transfer& t :
           made->program.engines[map.shim_channel(col, program::EngineKind::mm2s, channel)].transfers)
        if (t.payload == program::Payload::weights && network->layers[static_cast<std::size_t>(t.layer)].name == name)
          sum += t.access.memory_bytes();
  return sum;
}

}  // namespace

// Every tile would bring them again; where tensors move into their place, they come once more.
TEST_CASE("weights of a layer that is computed in tiles of rows stay in the memory tiles where they have room") {
  const Bytes weights = 64 * 64 * 9;
  for (int tiles : {10, 14}) {
    CHECK(from_ddr("features.2", tiles) >= weights);
    CHECK(from_ddr("features.2", tiles) < weights * tiles * 2 / 3);
  }
}

// So that one descriptor can read them.
TEST_CASE("weights that a shim channel brings first stand end to end in DDR and always go the same way") {
  const auto network = network::load_network("configs/networks/resnet50.json");
  REQUIRE(network);
  arch::ArraySpec array = generic_array(4, 4, {});
  array.controller.mechanism = arch::ControlMechanism::serial;
  array.controller.operation_ns = 145;  // then few channels carry results, in some layers one
  const auto peak = cost::find_latency_model("peak");
  const std::vector<std::optional<sparsity::BlockMask>> dense(network->layers.size());
  const auto made = compile::make_schedule(*network, dense, array, **peak, {});
  REQUIRE(made);
  const program::EngineMap map(array);
  int followed = 0;
  std::set<int> results;  // channels of a memory tile that cores send to
  for (const program::Route& r : made->program.routes)
    for (const program::EngineId e : r.sinks)
      if (map.info(r.source).tile_kind == program::TileKind::compute) results.insert(map.info(e).channel);
  CHECK(results.size() > 1);
  for (int col = 0; col < array.cols; ++col) {
    std::int64_t end = -1;
    std::set<int> routes;
    for (const program::Transfer& t :
         made->program.engines[map.shim_channel(col, program::EngineKind::mm2s, 0)].transfers) {
      if (t.payload != program::Payload::weights) continue;
      routes.insert(t.route);
      if (end >= 0 && t.access.base >= end) CHECK(t.access.base == end);
      followed += t.access.base == end;
      end = t.access.base + t.access.memory_bytes();
    }
    CHECK(routes.size() == 1);
  }
  CHECK(followed > 100);
}
