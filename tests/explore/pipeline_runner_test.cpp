// Does a sparse run that is told the dense network's mapping say what one says that decides it itself?
#include "explore/pipeline_runner.h"

#include <catch2/catch.hpp>

#include "explore/collect/table.h"
#include "explore/pool/attempt.h"
#include "explore/store/record.h"
#include "sim/run/pipeline.h"
#include "tests/explore/fake_runner.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

const char* const two_layers = R"({"name": "net", "input": [16, 16, 64], "layers": [
  {"name": "a", "op": "conv2d", "channels": 128, "kernel": 3, "padding": 1},
  {"name": "b", "op": "conv2d", "channels": 128, "kernel": 3, "padding": 1}]})";

// In a process of its own, as a sweep runs it.
result::StoredRow row_of(const PointRunner& runner, const Json& config, bool dense) {
  auto attempt = Attempt::start([&] { return runner.run(config, dense); }, {60, 900, 0}, {});
  REQUIRE(attempt);
  std::optional<Verdict> verdict;
  while (!verdict) verdict = attempt->poll();
  CAPTURE(verdict->reason);
  REQUIRE(verdict->status == status::done);
  return verdict->result;
}

}  // namespace

TEST_CASE("a mapping of the dense network that is known is taken, and changes nothing where it is the right one") {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/net.json";
  REQUIRE_FALSE(write_file(file, two_layers));
  const auto config = run::load_run_config(
      "configs/runs/resnet50_4x4.json", {"network=\"" + file + "\"", "sparsity.ratio=0.1", "fidelity=\"transaction\""});
  REQUIRE(config);
  const std::string key = content_hash(*config, run::Density::dense);
  const PointRunner alone = pipeline_runner("", ""), told = pipeline_runner("", "");
  const result::StoredRow dense = row_of(told, config->resolved, true);
  REQUIRE_FALSE(dense.dense_mapping.empty());
  told.done(key, dense);
  const result::StoredRow own = row_of(alone, config->resolved, false), same = row_of(told, config->resolved, false);
  CHECK(own.dense_mapping.empty());
  CHECK(same.row == own.row);
  CHECK(same.layers == own.layers);
  CHECK(same.program_hash == own.program_hash);
}
