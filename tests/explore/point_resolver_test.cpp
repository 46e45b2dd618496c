// Is a point that was put together from halves the very point that is resolved as a whole: config, keys, messages?
#include "explore/point_resolver.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "explore/sweep/sweep_file.h"

using namespace tessera;
using namespace tessera::explore;

namespace {

void same(const Expected<ResolvedPoint>& joined, const Expected<ResolvedPoint>& whole) {
  REQUIRE(static_cast<bool>(joined) == static_cast<bool>(whole));
  if (!whole) {
    CHECK(describe(joined.failure()) == describe(whole.failure()));
    return;
  }
  CHECK(joined->config == whole->config);
  CHECK(joined->key == whole->key);
  CHECK(joined->baseline_key == whole->baseline_key);
}

}  // namespace

TEST_CASE("points of the ready sweeps") {
  for (const auto& file : std::filesystem::directory_iterator("configs/sweeps")) {
    CAPTURE(file.path());
    auto sweep = load_sweep(file.path().string());
    REQUIRE(sweep);
    PointResolver resolver(sweep->base, file.path().parent_path().string());
    const auto points = select_points(sweep->space, {Sampling::random, 12, 1});
    REQUIRE(points);
    for (const Index& index : *points) {
      Overrides overrides = sweep->fixed;
      for (const auto& coordinate : sweep->space.at(index)) overrides.push_back(coordinate);
      same(resolver.resolve(overrides), resolver.resolve_whole(overrides));
    }
  }
}

TEST_CASE("overrides of every section, in any order, legal or not") {
  PointResolver resolver("configs/runs/resnet50_4x4.json", "configs/sweeps");
  const Json layers = {{"conv1", {{"ratio", 0.5}}}}, none = {{"no_such_layer", {{"ratio", 0.5}}}};
  const std::vector<Overrides> points = {
      {},
      {{"sparsity.ratio", 0.25}, {"sparsity.seed", 4}},
      {{"sparsity.ratio", 0.25}, {"sparsity", {{"block", {16, 16}}}}},
      {{"sparsity", {{"block", {16, 16}}}}, {"sparsity.ratio", 0.25}},
      {{"\"sparsity\".ratio", 0.25}, {"sparsity.seed", 4}},
      {{"sparsity.layers", layers}, {"network", "../networks/vgg16.json"}},
      {{"sparsity.layers", none}, {"hardware.rows", 2}},
      {{"network", "none.json"}},
      {{"hardware", "../hardware/none.json"}, {"sparsity.ratio", 2}},
      {{"hardware", "../hardware/xdna1_1800mhz.json"}, {"hardware.kernels", "measured"}},
      {{"hardware.kernels", "none"}},
      {{"accounting", "published"}, {"schedule.policy", "published"}, {"hardware.rows", 4}, {"sparsity.ratio", 0.5}},
      {{"accounting", "published"}, {"sparsity.ratio", 0.5}},
      {{"schedule.balance", false}, {"sparsity.pattern", "clustered"}, {"seed", 7}},
      {{"sparsity.mask_file", "none.npz"}},
      {{"network.name", "renamed"}, {"name", "mine"}},
      {{"sparsity.ratoi", 1}, {"hardwear", 1}}};
  for (const Overrides& overrides : points) {
    CAPTURE(Json(overrides).dump());
    const auto whole = resolver.resolve_whole(overrides);
    same(resolver.resolve(overrides), whole);
    same(resolver.resolve(overrides), whole);  // from what is known
  }
}
