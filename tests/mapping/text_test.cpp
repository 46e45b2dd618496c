// Is a mapping a value? Written, read back and followed, it makes the program of the schedule that it came from.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/program/hash.h"
#include "tests/mapping/mapped.h"

using namespace tessera;
using namespace tessera::tests;

namespace {

std::vector<std::string> shipped_runs() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator("configs/runs")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("mappings of all shipped runs are read back as written and make the same program") {
  int mapped = 0, unequal = 0;
  for (const std::string& file : shipped_runs()) {
    INFO(file);
    const auto config = run::load_run_config(file, {});
    if (!config) FAIL(describe(config.failure()));
    if (config->accounting == run::Accounting::published) continue;
    for (const Masks& masks : {Masks(config->network.layers.size()), config->masks}) {
      const schedule::Schedule made = scheduled(*config, masks, config->schedule);
      if (!made.mapping) continue;
      const std::string text = write_mapping(*made.mapping, config->network);
      const auto again = followed(*config, masks, text);
      if (!again) FAIL(describe(again.failure()));
      CHECK(write_mapping(*again->mapping, config->network) == text);
      CHECK(program_hash(again->program) == program_hash(made.program));
      for (std::size_t l = 0; l < made.layers.size(); ++l) {
        CHECK(again->layers[l].imbalance_rows == made.layers[l].imbalance_rows);
        CHECK(again->layers[l].imbalance_rows_unassigned == made.layers[l].imbalance_rows_unassigned);
        unequal += made.layers[l].imbalance_rows > 1.01;
      }
      ++mapped;
    }
  }
  CHECK(mapped > 30);
  CHECK(unequal > 100);
}

TEST_CASE("mappings of layers whose weights have no blocks make the same program again") {
  const nlohmann::json network = {{"name", "mixed"},
                                  {"input", {12, 12, 24}},
                                  {"layers",
                                   {{{"name", "a"}, {"op", "conv2d"}, {"channels", 32}},
                                    {{"name", "dw"}, {"op", "depthwise"}, {"kernel", 3}, {"padding", 1}},
                                    {{"name", "f"}, {"op", "lookup"}, {"function", "silu"}},
                                    {{"name", "s"}, {"op", "select"}, {"source", {3, 2, 1, 0, -1, 7, 8, 9}}},
                                    {{"name", "n"}, {"op", "layernorm"}},
                                    {{"name", "g"}, {"op", "conv2d"}, {"channels", 16}, {"groups", 2}}}}};
  const run::RunConfig config = half_sparse(network, 2, 2);
  const schedule::Schedule made = scheduled(config, config.masks, config.schedule);
  const std::string text = write_mapping(*made.mapping, config.network);
  const auto again = followed(config, config.masks, text);
  if (!again) FAIL(describe(again.failure()));
  CHECK(write_mapping(*again->mapping, config.network) == text);
  CHECK(program_hash(again->program) == program_hash(made.program));
}

TEST_CASE("a what-if is a copy: changing it changes nothing of the mapping it came from") {
  const auto config = run::load_run_config("configs/runs/resnet50_2x2.json", {});
  if (!config) FAIL(describe(config.failure()));
  const schedule::Schedule made = scheduled(*config, config->masks, config->schedule);
  const std::string text = write_mapping(*made.mapping, config->network);
  mapping::Mapping copy = *made.mapping;
  for (mapping::Step& step : copy.steps)
    if (auto* compute = std::get_if<mapping::Compute>(&step)) compute->mapping.tile.h += 1;
  CHECK(write_mapping(copy, config->network) != text);
  CHECK(write_mapping(*made.mapping, config->network) == text);
}
