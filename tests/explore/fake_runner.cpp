#include "tests/explore/fake_runner.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "explore/axis_facts.h"
#include "explore/store/checksum.h"

namespace tessera::explore {
namespace {

Expected<explore::ResolvedPoint> resolve(const explore::Overrides& overrides) {
  explore::Json config = {{"cores", 4}, {"ratio", 0.0}, {"act", "work"}};
  for (const auto& [path, value] : overrides) config[path] = value;
  if (config["cores"] < 1)
    return fail(ExitCode::bad_input, {"fake.json", "cores", config["cores"].dump() + " is too small", "at least 1"});
  explore::Json dense = config;
  dense.erase("ratio");
  return explore::ResolvedPoint{config.dump(), explore::checksum(config.dump()),
                                explore::checksum("dense " + dense.dump())};
}

void misbehave(const std::string& act) {
  if (act == "crash") std::raise(SIGSEGV);
  if (act == "exit") ::_exit(7);
  if (act == "throw") throw std::runtime_error("unexpected");
  while (act == "hang") std::this_thread::sleep_for(std::chrono::seconds(1));
  if (act == "eat") {
    std::vector<std::vector<char>> eaten;
    while (true) eaten.emplace_back(10000000, 'x');
  }
  if (act.rfind("meet:", 0) == 0) {
    const std::filesystem::path folder = act.substr(5);
    std::ofstream(folder / std::to_string(::getpid())) << "is here";
    while (std::distance(std::filesystem::directory_iterator(folder), {}) < 2)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (act.rfind("sleep:", 0) == 0) std::this_thread::sleep_for(std::chrono::duration<double>(std::stod(act.substr(6))));
  if (act.rfind("bad_once:", 0) == 0 && !std::filesystem::exists(act.substr(9))) {
    std::ofstream(act.substr(9)) << "was here";
    std::fprintf(stderr, "some words first\nthe last words\n");
    std::raise(SIGSEGV);
  }
}

Expected<result::StoredRow> run(const explore::Json& config, bool dense) {
  const std::string act = config["act"];
  if (!dense) misbehave(act);
  if (act == "misfit" && !dense)
    return fail(ExitCode::does_not_fit, {"", "conv1", "needs 70 KB of 64 KB", "smaller tiles"});
  if (act == "deadlock" && !dense) return fail(ExitCode::deadlock, {"", "", "core 0,0 waits for lock 3", ""});
  if (act == "unsound" && !dense)
    return fail(ExitCode::internal, {"", "schedule.fake", "the verifier refuses this schedule", ""});
  const double cores = config["cores"], ratio = dense ? 0.0 : config["ratio"].get<double>();
  const double latency = 1000.0 * (1 - ratio) / cores;
  result::DensityResult density;
  density.latency_us = latency;
  density.total = static_cast<Millicycles>(latency * 1000) * millicycles_per_cycle;
  density.macs = static_cast<std::int64_t>(1e6 * (1 - ratio));
  density.program_hash = "00ff";
  density.layers.emplace_back().name = "conv1";
  density.layers.back().end_us = latency;
  result::RunResult run;
  run.hardware.rows = static_cast<int>(cores);
  run.hardware.cols = 1;
  (dense ? run.dense : run.sparse) = std::move(density);
  return result::stored_row(run);
}

}  // namespace

explore::PointRunner fake_runner() {
  return {resolve,
          [](const std::vector<std::string>& paths) {
            return axis_facts({{"ratio", 0.5}, {"rows", 4}}, paths);
          },
          run};
}

explore::Sweep fake_sweep(const std::string& json) {
  explore::Json document = explore::Json::parse(json);
  explore::Sweep sweep;
  std::string text = json;
  text.insert(text.find('{') + 1, "\"base\": \"fake_runner.cpp\", ");
  const auto parsed = explore::parse_sweep(text, "tests/explore/fake.json");
  if (!parsed) FAIL(describe(parsed.failure()));
  return *parsed;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tessera-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace tessera::explore
