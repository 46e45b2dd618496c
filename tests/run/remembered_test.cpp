// Does the same run follow the mapping that it had before, and only that one? Are routes taken as they were planned?
#include "sim/run/remembered.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sim/base/input_file.h"
#include "sim/mapping/text.h"
#include "sim/program/hash.h"
#include "sim/run/config_folder.h"

using namespace tessera;
using namespace tessera::run;
namespace fs = std::filesystem;

namespace {

// A cache of its own for as long as it lives.
struct Cache {
  fs::path root = fs::temp_directory_path() / ("tessera-cache-" + std::to_string(getpid()));
  Cache() { setenv("XDG_CACHE_HOME", root.c_str(), 1); }
  ~Cache() {
    fs::remove_all(root);
    unsetenv("XDG_CACHE_HOME");
  }
  std::vector<fs::path> files(const std::string& kind = "") const {
    std::vector<fs::path> list;
    if (!fs::exists(root / "tessera" / "runs")) return list;
    for (const auto& entry : fs::directory_iterator(root / "tessera" / "runs"))
      if (kind.empty() || entry.path().extension() == kind) list.push_back(entry.path());
    return list;
  }
};

RunConfig config_of(double ratio) {
  const auto config = make_run_config({{"network", config_folder() + "/networks/bottleneck_56x56.json"},
                                       {"hardware", {{"extends", config_folder() + "/hardware/aie2.json"}}},
                                       {"sparsity", {{"ratio", ratio}}}},
                                      "", "remembered", {});
  if (!config) FAIL(describe(config.failure()));
  return *config;
}

std::uint64_t program_of(const RunConfig& config, bool remembered) {
  const Expected<Plan> plan = make_plan(config, Density::sparse, {false, remembered, nullptr});
  if (!plan) FAIL(describe(plan.failure()));
  return program_hash(plan->schedule.program);
}

void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

}  // namespace

TEST_CASE("the same run follows the mapping that it had before") {
  const Cache cache;
  const RunConfig half = config_of(0.5), most = config_of(0.8);
  const std::uint64_t decided = program_of(half, false);
  CHECK(cache.files().empty());
  CHECK(program_of(half, true) == decided);
  REQUIRE(cache.files().size() == 1);
  CHECK(program_of(half, true) == decided);
  CHECK(cache.files().size() == 1);

  // Another outcome has another file.
  const std::uint64_t other = program_of(most, true);
  CHECK(other == program_of(most, false));
  CHECK(cache.files().size() == 2);

  // It is really followed: in the place of the one that was found, that of the estimates makes another program.
  RunConfig estimated = half;
  estimated.schedule.search = schedule::SearchKind::estimate;
  estimated.schedule.balance = false;
  const Expected<Plan> plan = make_plan(estimated, Density::sparse);
  if (!plan) FAIL(describe(plan.failure()));
  const std::string text = mapping::write_mapping(*plan->schedule.mapping, half.network);
  for (const fs::path& file : cache.files()) write(file, text);
  CHECK(program_hash(plan->schedule.program) != decided);
  CHECK(program_of(half, true) == program_hash(plan->schedule.program));
  CHECK(program_of(half, false) == decided);

  // What is no mapping any more is decided again.
  for (const fs::path& file : cache.files()) write(file, "{\"format\": ");
  CHECK(program_of(half, true) == decided);
}

TEST_CASE("old mappings go, and a folder that cannot be written is no problem") {
  const RunConfig config = config_of(0.5);
  {
    const Cache cache;
    fs::create_directories(cache.root / "tessera" / "runs");
    for (int k = 0; k < 40; ++k) {
      const fs::path file = cache.root / "tessera" / "runs" / std::to_string(k);
      write(file, "old");
      fs::resize_file(file, 10 << 20);  // sparse: takes no room
      fs::last_write_time(file, fs::last_write_time(file) - std::chrono::hours(k));
    }
    remember(config, Density::sparse, Remembered::mapping, "new");
    CHECK(cache.files().size() == 26);  // 25 of 10 MB are left
    CHECK(fs::exists(cache.root / "tessera" / "runs" / "24"));
    CHECK_FALSE(fs::exists(cache.root / "tessera" / "runs" / "25"));
    CHECK(remembered(config, Density::sparse, Remembered::mapping) == "new");
    CHECK_FALSE(remembered(config, Density::sparse, Remembered::routes));
    CHECK_FALSE(remembered(config, Density::dense, Remembered::mapping));
  }
  const Cache cache;
  write(cache.root, "a file");
  remember(config, Density::sparse, Remembered::mapping, "new");
  CHECK_FALSE(remembered(config, Density::sparse, Remembered::mapping));
}

TEST_CASE("the same run takes its routes from where they were planned") {
  const Cache cache;
  const RunConfig config = config_of(0.5);
  const auto planned = [&] {
    const Expected<Plan> plan = make_plan(config, Density::sparse, {true, true, nullptr});
    if (!plan) FAIL(describe(plan.failure()));
    return plan->routes;
  };
  const route::Plan first = planned();
  REQUIRE(cache.files(".routes").size() == 1);
  const fs::path file = cache.files(".routes").front();
  const std::string bytes = *read_text(file.string());
  const auto same = [](const route::Plan& a, const route::Plan& b) {
    return a.sets.size() == b.sets.size() &&
           std::equal(a.sets.begin(), a.sets.end(), b.sets.begin(), [](const auto& x, const auto& y) {
             return x.routes == y.routes && x.layers == y.layers && x.cycles == y.cycles &&
                    x.built.routing.ids == y.built.routing.ids && x.writes.size() == y.writes.size();
           });
  };
  CHECK(same(planned(), first));

  // What is read is what was planned, byte by byte.
  const program::EngineMap map(config.array);
  const route::Device device(config.array, map);
  const Expected<Plan> plan = make_plan(config, Density::sparse, {false, true, nullptr});
  route::KnownPlans known;
  known.read(bytes);
  CHECK(known.written() == std::nullopt);  // nobody asked for one
  CHECK(same(known.of(plan->schedule.program, device), first));
  CHECK(known.written() == bytes);

  // It is really taken: for links that would need another plan nothing is planned.
  arch::ArraySpec narrow = config.array;
  for (arch::LinkSpec* links : {&narrow.stream.tile, &narrow.stream.memtile, &narrow.stream.shim})
    links->north = links->south = 1;
  const route::Device other(narrow, map);
  CHECK_FALSE(same(route::plan_routes(plan->schedule.program, other), first));
  route::KnownPlans again;
  again.read(bytes);
  CHECK(same(again.of(plan->schedule.program, other), first));

  // What was cut off or changed is planned again.
  for (std::size_t at : {std::size_t{0}, std::size_t{4}, bytes.size() / 2, bytes.size() - 1}) {
    write(file, bytes.substr(0, at));
    CHECK(same(planned(), first));
    CHECK(*read_text(file.string()) == bytes);
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] + 1);
    write(file, changed);
    CHECK(same(planned(), first));
    CHECK(*read_text(file.string()) == bytes);
  }
}
