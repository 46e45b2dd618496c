// Convolutions computed as one whose channels are divided so that each core computes those of one only.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sim/base/random.h"
#include "sim/mapping/partition.h"
#include "sim/verify/verify.h"
#include "tests/mapping/mapped.h"

using namespace tessera;
using namespace tessera::tests;
using nlohmann::json;

namespace {

// The last module of Inception V3: three convolutions of one input.
run::RunConfig module() {
  const json network = {{"name", "module"},
                        {"input", {8, 8, 64}},
                        {"layers",
                         {{{"name", "a"}, {"op", "conv2d"}, {"channels", 1280}, {"kernel", 1}},
                          {{"name", "x"}, {"op", "conv2d"}, {"channels", 320}, {"kernel", 1}, {"inputs", "a"}},
                          {{"name", "y"}, {"op", "conv2d"}, {"channels", 384}, {"kernel", 1}, {"inputs", "a"}},
                          {{"name", "z"}, {"op", "conv2d"}, {"channels", 448}, {"kernel", 1}, {"inputs", "a"}},
                          {{"name", "cat"}, {"op", "concat"}, {"inputs", {"x", "y", "z"}}},
                          {{"name", "d"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 1}}}}};
  return half_sparse(network, 4, 4);
}

const mapping::Compute& joined_step(const mapping::Mapping& m) {
  for (const mapping::Step& step : m.steps)
    if (const auto* c = std::get_if<mapping::Compute>(&step); c != nullptr && !c->joins.empty()) return *c;
  FAIL("nothing is computed as one");
  return std::get<mapping::Compute>(m.steps[0]);
}

// The largest part where `parts` are dealt out to layers in the best way.
int least_largest(const std::vector<int>& blocks, std::size_t layer, int parts) {
  const int left = static_cast<int>(blocks.size() - layer) - 1;
  if (left == 0) return static_cast<int>(ceil_div(blocks[layer], parts));
  int least = 1 << 30;
  for (int own = 1; own <= parts - left; ++own)
    least = std::min(
        least, std::max(static_cast<int>(ceil_div(blocks[layer], own)), least_largest(blocks, layer + 1, parts - own)));
  return least;
}

}  // namespace

TEST_CASE("parts of layers that are apart cross no border, and the largest is as small as can be") {
  const auto array = run::load_run_config("configs/runs/resnet50_4x4.json", {})->array;
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const mapping::Sharding sharding{mapping::Axis::channels, mapping::Axis::channels, true};
    std::vector<int> blocks(2 + random.below(5)), borders;
    for (int& b : blocks) b = static_cast<int>(1 + random.below(60));
    for (std::size_t k = 0; k + 1 < blocks.size(); ++k) borders.push_back(blocks[k] + (k > 0 ? borders[k - 1] : 0));
    network::Layer layer;
    layer.op = network::Op::conv2d;
    layer.in = {8, 8, 64};
    layer.out = {8, 8, 8 * std::accumulate(blocks.begin(), blocks.end(), 0)};
    const mapping::Partition p = make_partition(layer, {0, 8}, sharding, array, borders);
    int at = 0;
    for (const mapping::CorePart& part : p.parts) {
      CHECK(part.b.lo == at);
      at = part.b.hi;
      for (int border : borders) CHECK_FALSE((part.b.lo < border && border < part.b.hi));
    }
    CHECK(at == layer.out.c / 8);
    CHECK(p.max_b == least_largest(blocks, 0, array.cores()));
  }
}

TEST_CASE("convolutions of one input stay apart, so that it enters every core once") {
  const run::RunConfig config = module();
  const schedule::Schedule made = scheduled(config, config.masks, config.schedule);
  const mapping::Compute& step = joined_step(*made.mapping);
  CHECK(step.joins.size() == 2);
  CHECK(step.mapping.sharding.apart);
  CHECK(step.mapping.tile.co == 80);  // all channels of the largest part: the input is not sent again for others
  CHECK_FALSE(verify::verify(made.program, config.array));
  const auto again = followed(config, config.masks, write_mapping(*made.mapping, config.network));
  if (!again) FAIL(describe(again.failure()));
  CHECK(joined_step(*again->mapping).mapping.sharding == step.mapping.sharding);
}

TEST_CASE("only layers that are computed as one can be apart, with a part of the channels for each") {
  const run::RunConfig config = module();
  const schedule::Schedule made = scheduled(config, config.masks, config.schedule);
  const auto problem_of = [](const run::RunConfig& c, mapping::Mapping m, const auto& change) {
    for (mapping::Step& step : m.steps)
      if (auto* compute = std::get_if<mapping::Compute>(&step)) change(*compute);
    const auto refused = followed(c, c.masks, write_mapping(m, c.network));
    if (refused) FAIL("not refused");
    return describe(refused.failure());
  };
  const std::string single = problem_of(config, *made.mapping, [&](mapping::Compute& c) {
    if (c.joins.empty()) c.mapping.sharding.apart = true;
  });
  CHECK(single.find("mapping.apart: is true for layer a; legal: false, no layers are computed as one") != single.npos);
  const std::string few = problem_of(config, *made.mapping, [&](mapping::Compute& c) {
    if (!c.joins.empty()) c.mapping.sharding = {mapping::Axis::height, mapping::Axis::width, true};
  });
  CHECK(few.find("mapping.apart: is true for layer x; legal: false, 3 layers do not divide 1 parts") != few.npos);
}
