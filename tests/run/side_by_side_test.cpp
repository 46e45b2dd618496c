// A network whose input columns stand side by side, as a run has it: its data, its masks, its numbers.
#include <catch2/catch.hpp>

#include "sim/run/batch.h"
#include "sim/run/config_folder.h"
#include "sim/run/pipeline.h"
#include "sim/sparsity/block_mask.h"
#include "tests/run/isolated.h"

using namespace tessera;
using namespace tessera::run;

namespace {

RunConfig patches(const std::vector<std::string>& sets) {
  const nlohmann::json document = {
      {"network",
       {{"name", "patches"},
        {"input", {21, 22, 2}},
        {"layers",
         {{{"name", "a"}, {"op", "conv2d"}, {"channels", 40}, {"kernel", 5}, {"stride", 4}, {"padding", 2}},
          {{"name", "b"}, {"op", "conv2d"}, {"channels", 64}, {"kernel", 1}}}}}},
      {"hardware", {{"extends", config_folder() + "/hardware/aie2.json"}, {"rows", 2}, {"cols", 2}}},
      {"sparsity", {{"ratio", 0.5}, {"first_dense", false}}}};
  const Expected<RunConfig> config = make_run_config(document, "", "patches", sets);
  if (!config) FAIL(describe(config.failure()));
  return *config;
}

result::DensityResult functional(const RunConfig& config, Density density) {
  RunOptions options;
  options.functional = true;
  const Expected<std::string> bytes = IsolatedTask([&]() -> Expected<std::string> {
                                        const auto found = run_density(config, density, options);
                                        if (!found) return found.failure();
                                        return result::pack(*found);
                                      }).wait();
  if (!bytes) FAIL(describe(bytes.failure()));
  return result::unpack(*bytes);
}

}  // namespace

TEST_CASE("Joined columns are bit-exact, with masks of any block and in batches, and say what they are") {
  for (const std::vector<std::string>& sets :
       std::vector<std::vector<std::string>>{{}, {"sparsity.block=[4,2]"}, {"sparsity.block=[16,16]"}, {"batch=2"}}) {
    const RunConfig config = patches(sets);
    for (const Density density : {Density::dense, Density::sparse}) {
      CAPTURE(sets, density_name(density));
      const result::DensityResult found = functional(config, density);
      REQUIRE(found.functional);
      CHECK(found.functional->mismatches == 0);
      CHECK(found.layers[0].input_columns == 4);
      if (density == Density::dense && config.images == 1) CHECK(found.layers[0].macs == 6 * 6 * 40 * 5 * 5 * 2);
    }
  }
}

TEST_CASE("Columns are joined whatever the mask says, so that a dense run is that of any mask") {
  const RunConfig masked = patches({}), dense_first = patches({"sparsity.first_dense=true"});
  CHECK(batch_of(masked).network.layers[1].columns.joined == 4);
  CHECK(batch_of(dense_first).network.layers[1].columns.joined == 4);
  CHECK(given_batch(masked).network.layers[1].columns.joined == 1);
  CHECK(batch_of(patches({"accounting=published", "schedule.policy=published"})).network.layers[1].columns.joined == 1);
}

TEST_CASE("A mask of one column has a block wherever a row has any") {
  const sparsity::BlockMask mask{2, 1, 6, 3, {0, 0, 0, 0, 1, 0, 1, 1, 1}};
  const sparsity::BlockMask one = sparsity::one_column(mask, 12);
  CHECK(one.cols() == 1);
  CHECK(one.bits == std::vector<std::uint8_t>{0, 1, 1});
  CHECK(sparsity::kernel_mask(one).cols == 2);
}
