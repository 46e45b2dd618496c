// Do kernel libraries say what their files say, and are wrong files refused?
#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "sim/config/named_file.h"
#include "sim/cost/fitted_model.h"

using namespace tessera;
using namespace tessera::cost;
using namespace tessera::network;
using namespace tessera::program;
using namespace tessera::sparsity;

namespace {

const FittedModel& library(const std::string& name) {
  auto latency_model = load_kernel_library("configs/hardware/kernels/" + name + ".json");
  REQUIRE(latency_model);
  return **latency_model;
}

Layer conv(int taps) {
  Layer l;
  l.op = Op::conv2d;
  l.window.kh = l.window.kw = taps;
  return l;
}

Millicycles cycles(const LatencyModel& latency_model, int h, int w, int channels, std::int64_t blocks, int taps = 1,
                   bool first = true, bool last = true) {
  KernelCall call;
  call.out = {0, h, 0, w, 0, channels};
  call.first = first, call.last = last;
  ChunkSize size;
  size.blocks = blocks;
  return latency_model.duration(call, conv(taps), &size);
}

}  // namespace

TEST_CASE("the compiled int8 kernel at a measured shape") {
  const GemmCoefficients& c = library("peano-iron").gemm.at({ElementType::i8, ElementType::i32});
  CHECK(c.cycles(64, 64, 64) == Approx(2584.4).epsilon(0.001));  // 2604.8 with the harness of 20.4
  CHECK(c.cycles(64, 64, 64) > 1024);                            // the peak rate
}

TEST_CASE("no library is faster than the multipliers") {
  const struct {
    const char *name, *in, *out;
    double peak;
  } all[] = {{"peano-iron", "i8", "i32", 256},    {"peano-iron", "i16", "i32", 64},
             {"peano-iron", "bf16", "f32", 128},  {"hand-tuned", "i8", "i8", 256},
             {"hand-tuned", "i8", "i16", 256},    {"hand-tuned", "i8", "i32", 256},
             {"hand-tuned", "bf16", "bf16", 128}, {"hand-assembly", "bf16", "f32", 128}};
  for (const auto& latency_model : all)
    for (const int size : {16, 64, 256}) {
      INFO(latency_model.name << " " << latency_model.in << " " << latency_model.out << " " << size);
      const double macs = static_cast<double>(size) * size * size;
      CHECK(library(latency_model.name)
                .gemm.at({*find_type(latency_model.in), *find_type(latency_model.out)})
                .cycles(size, size, size) >= macs / latency_model.peak);
    }
}

TEST_CASE("a missing block saves its inner loop and nothing else") {
  const FittedModel& latency_model = library("measured");
  const Millicycles dense = cycles(latency_model, 8, 8, 64, 64), sparse = cycles(latency_model, 8, 8, 64, 32);
  CHECK(sparse < dense);
  CHECK(2 * sparse > dense);  // prologue and outputs stay
  CHECK(dense - sparse == Approx(32 * 8 * latency_model.conv->inner * 1000).epsilon(0.001));
}

TEST_CASE("partial sums cost their way to memory and back") {
  const FittedModel& latency_model = library("measured");
  const Millicycles whole = cycles(latency_model, 8, 8, 64, 64);
  const Millicycles halves =
      cycles(latency_model, 8, 8, 64, 32, 1, true, false) + cycles(latency_model, 8, 8, 64, 32, 1, false, true);
  CHECK(halves > whole);
}

namespace {

// "m 32..64 k 32..128 n 32..64"
struct Range {
  int m0, m1, k0, k1, n0, n1;
};
Range range_of(const std::string& text) {
  Range r{};
  REQUIRE(std::sscanf(text.c_str(), "m %d..%d k %d..%d n %d..%d", &r.m0, &r.m1, &r.k0, &r.k1, &r.n0, &r.n1) == 6);
  return r;
}

Grounds product_grounds(const FittedModel& library, const Layer& layer, KernelKind kind, std::array<int, 3> mkn) {
  KernelCall call;
  call.kind = kind;
  call.out = {0, mkn[0], 0, 1, 0, mkn[2]};
  call.in_c = mkn[1];
  return library.grounds(call, layer);
}

// Inside the range: fitted. Beyond it on any side: extrapolated, with the shape and the range.
void require_labels(const FittedModel& library, const Layer& layer, KernelKind kind, const std::string& range) {
  const Range r = range_of(range);
  CHECK(product_grounds(library, layer, kind, {r.m0, r.k0, r.n0}).footing == Footing::fitted);
  CHECK(product_grounds(library, layer, kind, {r.m1, r.k1, r.n1}).footing == Footing::fitted);
  for (const auto& [m, k, n] : {std::array{r.m1 + 64, r.k1, r.n1},
                                {r.m1, r.k1 + 64, r.n1},
                                {r.m1, r.k1, r.n1 + 64},
                                {r.m0 / 2, r.k0, r.n0},
                                {r.m0, r.k0 / 2, r.n0},
                                {r.m0, r.k0, r.n0 / 2}}) {
    INFO("m " << m << " k " << k << " n " << n);
    const Grounds g = product_grounds(library, layer, kind, {m, k, n});
    CHECK(g.footing == Footing::extrapolated);
    CHECK(g.fitted_to == range);
    CHECK(g.shape.find(fmt::format("m {} k {} n {}", m, k, n)) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("calls of every kind say what their time rests on, in every library") {
  const std::vector<std::string> names = config::names_in("configs/hardware/kernels");
  REQUIRE(names.size() >= 8);
  int ranges = 0;
  for (const std::string& name : names) {
    const FittedModel& model = library(name);
    for (const auto& [types, c] : model.gemm) {
      INFO(name << " gemm " << c.range);
      Layer layer;
      layer.in_type = types.first, layer.out_type = types.second;
      if (!c.fitted)
        CHECK(product_grounds(model, layer, KernelKind::gemm, {64, 64, 64}).footing == Footing::assumed);
      else
        require_labels(model, layer, KernelKind::gemm, c.range), ++ranges;
    }
    for (int kind = 0; kind < ops::kernel_kinds; ++kind) {
      const auto k = static_cast<KernelKind>(kind);
      if (k != KernelKind::gemm && k != KernelKind::conv)
        CHECK(product_grounds(model, conv(1), k, {64, 64, 64}).footing == Footing::assumed);
    }
    if (!model.conv) continue;
    INFO(name << " conv " << model.conv->range);
    CHECK(product_grounds(model, conv(5), KernelKind::conv, {64, 64, 64}).footing ==
          (model.conv->fitted ? Footing::extrapolated : Footing::assumed));
  }
  CHECK(ranges >= 8);
}

TEST_CASE("ragged rows of a 3x3 convolution are padded, those of a 1x1 are not") {
  const FittedModel& latency_model = library("measured");
  CHECK(cycles(latency_model, 8, 7, 64, 64, 3) == cycles(latency_model, 8, 8, 64, 64, 3));
  CHECK(cycles(latency_model, 8, 7, 64, 64, 1) < cycles(latency_model, 8, 8, 64, 64, 1));
}

TEST_CASE("all-ones blocks at the latency model `measured` are slower than at `peak`") {
  const auto peak = find_latency_model("peak");
  REQUIRE(peak);
  CHECK(cycles(library("measured"), 8, 8, 64, 64) > cycles(**peak, 8, 8, 64, 64));
}

TEST_CASE("wrong files are refused with every problem") {
  const std::string file = "validation_test_kernels.json";
  std::ofstream(file) << R"({"name": "x", "gemm": [{"in": "i8", "out": "i8", "block": {"m": 0, "n": 8, "k": 8},
    "prologue": -1, "per_block": 2}], "convolution": {}})";
  const auto latency_model = load_kernel_library(file);
  std::remove(file.c_str());
  REQUIRE_FALSE(latency_model);
  const std::string text = describe(latency_model.failure());
  for (const char* part : {"gemm[0].block.m", "gemm[0].prologue", "gemm[0].inner", "convolution"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK_FALSE(load_kernel_library("no such file"));
  CHECK_FALSE(find_or_load_latency_model("nonsense", "configs/hardware/kernels"));
}
