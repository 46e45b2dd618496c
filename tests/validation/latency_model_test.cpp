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

Layer conv(int taps, int stride = 1) {
  Layer l;
  l.op = Op::conv2d;
  l.window.kh = l.window.kw = taps;
  l.window.sh = l.window.sw = stride;
  return l;
}

// Of dense blocks over `depth` input channels, 8x8 pixels and 64 outputs, in a call that leaves partial sums.
double macs_per_cycle(const FittedModel& model, const Layer& layer, int depth) {
  KernelCall call;
  call.out = {0, 8, 0, 8, 0, 64};
  call.first = true, call.last = false;
  ChunkSize size;
  size.blocks = 8 * depth / 8;
  const double macs = 64.0 * 64 * depth * layer.window.kh * layer.window.kw;
  return macs / (static_cast<double>(model.duration(call, layer, &size)) / 1000);
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

TEST_CASE("a map of one column costs what it costs as a row") {
  const FittedModel& model = library("measured");
  Layer row = conv(1), column = conv(1);
  row.window.kw = column.window.kh = 5;
  row.window.sw = column.window.sh = 2;
  row.in = {1, 80, 8}, row.out = {1, 40, 8};
  column.in = {80, 1, 8}, column.out = {40, 1, 8};
  KernelCall of_row, of_column;
  of_row.out = {0, 1, 0, 40, 0, 8};
  of_column.out = {0, 40, 0, 1, 0, 8};
  ChunkSize size;
  size.blocks = 1;
  CHECK(model.duration(of_row, row, &size) == model.duration(of_column, column, &size));
  column.in.w = 2;
  CHECK(model.duration(of_row, row, &size) < model.duration(of_column, column, &size) / 4);
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
  CHECK(2 * sparse > dense);                                               // prologue and outputs stay
  CHECK(dense - sparse == Approx(32 * 8 * 2.4792 * 1000).epsilon(0.001));  // 1x1: the GEMM loop
  const Millicycles window = cycles(latency_model, 8, 8, 64, 64, 3), fewer = cycles(latency_model, 8, 8, 64, 32, 3);
  CHECK(window - fewer == Approx(9 * 32 * 8 * 4.5 * 1000).epsilon(0.001));
}

TEST_CASE("windows are read as they stand: 57 to 114 MAC per cycle by window and stride, GEMM loops for 1x1") {
  const FittedModel& measured = library("measured");
  const FittedModel& gemm = library("gemm-class");
  for (const int depth : {32, 64, 256}) {  // input channels of a call, from a packet of the open engine upwards
    INFO("depth " << depth);
    const double plain = macs_per_cycle(measured, conv(3), depth),
                 strided = macs_per_cycle(measured, conv(3, 2), depth);
    CHECK(plain > 57);
    CHECK(plain < 114);
    CHECK(strided > 44);
    CHECK(strided < 76);
    CHECK(macs_per_cycle(measured, conv(5), depth) == Approx(plain).epsilon(0.05));
    // Of every second pixel none between them is sent: the GEMM loop.
    CHECK(macs_per_cycle(measured, conv(1, 2), depth) == macs_per_cycle(measured, conv(1), depth));
    CHECK(macs_per_cycle(measured, conv(1), depth) == macs_per_cycle(gemm, conv(1), depth));
    CHECK(macs_per_cycle(gemm, conv(3), depth) > 1.7 * plain);
    CHECK(macs_per_cycle(gemm, conv(3, 2), depth) == macs_per_cycle(gemm, conv(3), depth));
  }
  // The loops themselves, without what stands around them: 8 vmac of 256 in 18 and 27 bundles, 9 in 8 for the GEMM.
  CHECK(512 / measured.conv_for(conv(3).window).inner == Approx(8 * 256 / 18.0));
  CHECK(512 / measured.conv_for(conv(3, 2).window).inner == Approx(8 * 256 / 27.0));
  CHECK(512 / measured.conv_for(conv(1).window).inner == Approx(206).epsilon(0.01));
  Layer vertical = conv(1);
  vertical.window.sh = 2;  // pixels of a row still stand side by side
  CHECK(measured.conv_for(vertical.window).inner == measured.conv_for(conv(1).window).inner);
}

TEST_CASE("a packet of the open engine takes what was fitted to it, but for the bundles of its later loop") {
  KernelCall call;  // 3x3, 4 blocks: 5x20 pixels, 32 outputs: 15 passes of 9 taps, 18,015 cycles with 23 and 17 bundles
  call.out = {0, 5, 0, 20, 0, 32};
  call.first = false, call.last = false;
  ChunkSize size;
  size.blocks = 16;
  FittedModel engine = library("measured");
  engine.conv->inner = 23.0 / 4;
  engine.conv->prologue = 0;
  // The third pass, four pixels, is charged as one of eight.
  const double passes = static_cast<double>(engine.duration(call, conv(3), &size)) / 1000;
  CHECK(passes == Approx(5 * 3 * (9 * (4 * 23 + 45) + 80.0)).epsilon(0.001));
  CHECK(passes == Approx(18015).epsilon(0.10));
}

TEST_CASE("windows that the DMA would lay side by side are refused, their stream is not modelled") {
  const FittedModel& im2col = library("im2col");
  for (const Layer& layer : {conv(3), conv(7, 2)}) CHECK_FALSE(im2col.covers(KernelKind::conv, layer));
  for (const Layer& layer : {conv(1), conv(1, 2)}) CHECK(im2col.covers(KernelKind::conv, layer));
  CHECK(im2col.coverage().find("not modelled") != std::string::npos);
  for (const Layer& layer : {conv(3), conv(1, 2)}) CHECK(library("measured").covers(KernelKind::conv, layer));
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

TEST_CASE("every kernel of the libraries of whole networks states how large its code is") {
  for (const char* name : {"measured", "gemm-class", "im2col"}) {
    const FittedModel& model = library(name);
    Layer product = conv(1);
    product.in_type = ElementType::i8, product.out_type = ElementType::i32;
    for (int kind = 0; kind < ops::kernel_kinds; ++kind) {
      KernelCall call;
      call.kind = static_cast<KernelKind>(kind);
      if (call.kind == KernelKind::ops || call.kind == KernelKind::clear) continue;  // no kernels of networks
      INFO(name << " " << kernel_name(call.kind));
      const auto code = model.code(call, product);
      REQUIRE(code);
      CHECK(code->bytes >= 512);
      CHECK(code->bytes < 16384);
    }
  }
  KernelCall call;
  CHECK(library("measured").code(call, conv(3))->name == "conv");
  CHECK(library("measured").code(call, conv(5))->name == "conv");  // the window is an argument
  CHECK(library("measured").code(call, conv(7, 2))->name == "conv strided");
  CHECK(library("measured").code(call, conv(1))->name == "conv 1x1");
  CHECK(library("gemm-class").code(call, conv(3, 2))->name == "conv");
  CHECK_FALSE((*find_latency_model("peak"))->code(call, conv(3)));
}

TEST_CASE("wrong files are refused with every problem") {
  const std::string file = "validation_test_kernels.json";
  std::ofstream(file) << R"({"name": "x", "gemm": [{"in": "i8", "out": "i8", "block": {"m": 0, "n": 8, "k": 8},
    "prologue": -1, "per_block": 2}], "convolution": {},
    "conv": {"row_pixels": 4, "prologue": 0, "load": 0, "store": 0, "finish": 0, "residual": 0, "inner": 1,
             "layout": "sideways", "tap": -1, "code": {"bytes": 0}},
    "conv_by_window": {"3x3 slow": {}, "0x1": {}}})";
  const auto latency_model = load_kernel_library(file);
  std::remove(file.c_str());
  REQUIRE_FALSE(latency_model);
  const std::string text = describe(latency_model.failure());
  for (const char* part :
       {"gemm[0].block.m", "gemm[0].prologue", "gemm[0].inner", "convolution", "conv.layout", "conv.tap",
        "conv_by_window.3x3 slow", "conv_by_window.0x1", "conv.code.bytes", "conv.code.source"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK_FALSE(load_kernel_library("no such file"));
  CHECK_FALSE(find_or_load_latency_model("nonsense", "configs/hardware/kernels"));
}
