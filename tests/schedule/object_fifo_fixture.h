// What the tests of the policy object_fifo share: plain machines, products and bottlenecks, and runs of them with and
// without data.
#pragma once
#include <catch2/catch.hpp>
#include <tuple>

#include "sim/base/random.h"
#include "sim/compile/compile.h"
#include "sim/cost/bound.h"
#include "sim/cost/latency_model.h"
#include "sim/designs/object_fifo/gemm.h"
#include "sim/exec/backend.h"
#include "sim/network/network_file.h"
#include "sim/program/hash.h"
#include "sim/program/text.h"
#include "sim/run/config_folder.h"
#include "sim/run/functional.h"
#include "sim/run/pipeline.h"
#include "sim/verify/verify.h"
#include "tests/run/isolated.h"

namespace tessera::object_fifo_fixture {

using nlohmann::json;

inline arch::ArraySpec plain(int rows, int cols) {
  arch::ArraySpec a;
  a.rows = rows, a.cols = cols;
  a.memtile.memory.size = 512 * 1024;
  a.memtile.dma.s2mm = a.memtile.dma.mm2s = 6;
  a.memtile.dma.descriptors = 48;
  a.memtile.locks.count = 64;
  a.shim.dma.max_length = 1 << 30;
  a.ddr.read_bytes_per_cycle = a.ddr.write_bytes_per_cycle = 1000;
  return a;
}

struct Case {
  int m = 256, k = 256, n = 256;
  std::string in = "i8", out = "i32";
  mapping::ForcedMapping forced;
};

inline Case cube(int size, int tile) {
  Case c;
  c.m = c.k = c.n = size;
  c.forced.tile = {tile, 1, tile, tile};
  return c;
}

inline network::Network network_of(const Case& c) {
  const json gemm = {{"name", "gemm"}, {"op", "gemm"},    {"m", c.m},         {"k", c.k},
                     {"n", c.n},       {"in_type", c.in}, {"out_type", c.out}};
  auto network = network::parse_network({{"name", "product"}, {"layers", {gemm}}}, "test");
  if (!network) FAIL(describe(network.failure()));
  return *network;
}

inline const cost::LatencyModel& peak() { return **cost::find_latency_model("peak"); }

inline Expected<schedule::Schedule> scheduled(const network::Network& network, const arch::ArraySpec& array,
                                              const mapping::ForcedMapping& forced) {
  schedule::ScheduleSpec spec;
  spec.policy = "object_fifo";
  if (forced.tile) spec.layers["gemm"] = forced;
  return compile::make_schedule(network, std::vector<std::optional<sparsity::BlockMask>>(network.layers.size()), array,
                                peak(), spec);
}

inline program::Program program_of(const Case& c, const arch::ArraySpec& array) {
  auto schedule = scheduled(network_of(c), array, c.forced);
  if (!schedule) FAIL(describe(schedule.failure()));
  return schedule->program;
}

struct Outcome {
  double cycles = 0;
  Bytes read = 0, written = 0;
};

// Every kernel call takes `call` cycles and clearing none, unless durations are given.
inline Outcome run_once(const program::Program& program, const arch::ArraySpec& array,
                        const std::vector<Millicycles>& durations) {
  const auto answer = isolated([&]() -> Expected<json> {
    exec::SimOptions options;
    options.fidelity = exec::Fidelity::transaction;
    auto r = simulate(program, array, durations, options);
    if (!r) return r.failure();
    return json{{"total", r->total}, {"read", r->traffic.ddr_read}, {"written", r->traffic.ddr_write}};
  });
  if (!answer) FAIL(describe(answer.failure()));
  return {answer->at("total").get<double>() / 1000, answer->at("read"), answer->at("written")};
}

inline Outcome run_once(const Case& c, const arch::ArraySpec& array, Cycles call) {
  const program::Program program = program_of(c, array);
  std::vector<Millicycles> durations;
  for (const program::KernelCall& k : program.calls)
    durations.push_back(k.kind == program::KernelKind::clear ? 0 : 1000 * call);
  return run_once(program, array, durations);
}

inline std::string problem_of(const program::Program& program, const arch::ArraySpec& array) {
  const auto wrong = verify::verify(program, array);
  return wrong ? describe(*wrong) : "";
}

// Runs the program with data: what differs from plain loops.
inline run::FunctionalReport with_data(const program::Program& program, const network::Network& network,
                                       const arch::ArraySpec& array) {
  run::FunctionalReport report;
  REQUIRE_FALSE(run::without_data(program));
  const auto answer = isolated([&]() -> Expected<json> {
    exec::SimOptions options;
    options.functional = true;
    options.fidelity = exec::Fidelity::transaction;
    const run::HostBytes judged = run::judged_bytes(program);
    options.host_address = judged.address;
    options.host_bytes = judged.bytes;
    const reference::NetworkData data =
        reference::make_data(network, std::vector<std::optional<sparsity::BlockMask>>(network.layers.size()), 7);
    auto r = simulate(program, array, kernel_durations(program, peak()), options, run::build_end_image(program, data));
    if (!r) return r.failure();
    const run::FunctionalReport f = run::check_end(program, *r, network, data);
    return json{
        {"elements", f.elements_checked}, {"mismatches", f.mismatches}, {"first", f.first}, {"errors", f.errors}};
  });
  if (!answer) FAIL(describe(answer.failure()));
  report.elements_checked = answer->at("elements");
  report.mismatches = answer->at("mismatches");
  report.first = answer->at("first").get<std::vector<std::string>>();
  report.errors = answer->at("errors").get<std::vector<std::string>>();
  return report;
}

inline network::Network bottleneck(int height, int width, int narrow = 64, int wide = 256) {
  const json layers = {{{"name", "reduce"}, {"op", "conv2d"}, {"channels", narrow}, {"kernel", 1}},
                       {{"name", "spatial"}, {"op", "conv2d"}, {"channels", narrow}, {"kernel", 3}, {"padding", 1}},
                       {{"name", "expand"}, {"op", "conv2d"}, {"channels", wide}, {"kernel", 1}},
                       {{"name", "sum"}, {"op", "add"}, {"inputs", {"input", "expand"}}}};
  auto network =
      network::parse_network({{"name", "bottleneck"}, {"input", {height, width, wide}}, {"layers", layers}}, "test");
  if (!network) FAIL(describe(network.failure()));
  return *network;
}

}  // namespace tessera::object_fifo_fixture
