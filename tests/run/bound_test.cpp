// Bounds of layers alone against numbers worked out by hand, on 4x4 at 1 GHz with 4 B/cycle channels and 256 MAC/cycle.
#include "sim/cost/bound.h"

#include <catch2/catch.hpp>

#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"

using namespace tessera;
using namespace tessera::cost;
using namespace tessera::run;
using nlohmann::json;

namespace {
// Of a convolution whose input and output stand in the memory tiles.
AloneBound bound_of(int size, int in_channels, int channels, int kernel, int stride) {
  const json document = {{"network",
                          {{"name", "one"},
                           {"input", {size, size, in_channels}},
                           {"layers",
                            {{{"name", "before"}, {"op", "maxpool"}, {"kernel", 1}},
                             {{"name", "conv"},
                              {"op", "conv2d"},
                              {"channels", channels},
                              {"kernel", kernel},
                              {"stride", stride},
                              {"padding", kernel / 2}},
                             {{"name", "after"}, {"op", "maxpool"}, {"kernel", 1}}}}}},
                         {"hardware", {{"extends", "hardware/aie2.json"}, {"rows", 4}, {"cols", 4}}}};
  const Expected<RunConfig> config = make_run_config(document, config_folder(), "one", {});
  if (!config) FAIL(describe(config.failure()));
  return analytic_bounds(config->network, {4, std::nullopt}, config->array, **open_latency_model("peak"))
      .layers[2]
      .alone;
}
}  // namespace

TEST_CASE("a layer is bound by its work, where that takes longest") {
  const AloneBound b = bound_of(56, 64, 64, 3, 1);
  CHECK(b.by == "compute");
  CHECK(b.us == Approx(56.0 * 56 * 64 * 64 * 9 / 256 / 16 / 1e3));
}

TEST_CASE("a layer is bound by its weights, where DDR takes longest to bring them") {
  const AloneBound b = bound_of(7, 512, 512, 3, 1);
  CHECK(b.by == "ddr");
  CHECK(b.us == Approx((512.0 * 512 * 9 + 512 * 4) / (4 * 2 * 4) / 1e3));
}

TEST_CASE("what lies between the windows of a stride is not read") {
  // Columns split the height: 14 of 56 rows and all 56 columns, 64 channels, over one channel of 4 B/cycle.
  const AloneBound all = bound_of(56, 64, 8, 1, 1);
  CHECK(all.by == "input");
  const AloneBound every_other = bound_of(56, 64, 8, 1, 2);
  CHECK(every_other.by == "input");
  CHECK(every_other.us == Approx(all.us / 4));
}
