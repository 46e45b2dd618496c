// Does the same run follow the mapping that it had before, and only that one?
#include "sim/run/remembered.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

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
  std::vector<fs::path> files() const {
    std::vector<fs::path> list;
    if (!fs::exists(root / "tessera" / "mappings")) return list;
    for (const auto& entry : fs::directory_iterator(root / "tessera" / "mappings")) list.push_back(entry.path());
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
    fs::create_directories(cache.root / "tessera" / "mappings");
    for (int k = 0; k < 600; ++k) write(cache.root / "tessera" / "mappings" / std::to_string(k), "old");
    remember_mapping(config, Density::sparse, "new");
    CHECK(cache.files().size() == 500);
    CHECK(remembered_mapping(config, Density::sparse) == "new");
    CHECK_FALSE(remembered_mapping(config, Density::dense));
  }
  const Cache cache;
  write(cache.root, "a file");
  remember_mapping(config, Density::sparse, "new");
  CHECK_FALSE(remembered_mapping(config, Density::sparse));
}
