// What does the physical accounting charge for the same schedule?
#include <catch2/catch.hpp>

#include "sim/replay/lane_work.h"
#include "tests/replay/published.h"

using namespace tessera;
using namespace tessera::arch;
using namespace tessera::network;
using namespace tessera::replay;

namespace {

// A 3x3 convolution whose core needs four weight sub-volumes, of which the trace charges one: 7x4x32 output pixels and
// channels in a column of two cores, 16 channels each.
ScheduleTrace small_trace() {
  TraceLayer l;
  l.op = Op::conv2d;
  l.name = "conv";
  l.input = {8, 8, 32};
  l.output = {8, 8, 32};
  l.core_input = {4, 6, 32};
  l.core_output = {2, 4, 32};
  l.memtile_weights = {16, 3, 3, 32};
  l.core_weights = {8, 3, 3, 16};
  l.passes.resize(2);
  l.passes[0].iterations = 1;
  l.passes[1].iterations = 3;
  l.passes[1].overlapped = true;
  ScheduleTrace trace;
  trace.rows = trace.cols = 2;
  trace.layers = {l};
  return trace;
}

}  // namespace

TEST_CASE("published: input sub-volume x kernel x input channels, one sub-volume") {
  const auto work = published_work(small_trace());
  REQUIRE(work[0].passes.size() == 2);
  CHECK(work[0].passes[0].operations == 4 * 6 * 32 * 9 * 16);
  CHECK(work[0].passes[0].weights == weight_bytes({8, 3, 3, 16}, 1, true));
  CHECK(work[0].passes[1].weights == 0);
}

TEST_CASE("physical: output elements of one core, every sub-volume, activations again for each") {
  const auto work = physical_work(small_trace());
  REQUIRE(work[0].passes.size() == 8);  // four sweeps of two passes
  std::int64_t macs = 0;
  int added = 0, loads = 0, inputs = 0, outputs = 0;
  for (const PassWork& p : work[0].passes) {
    macs += p.iterations * p.operations;
    added += p.added;
    loads += p.weights > 0;
    inputs += p.input > 0 ? p.iterations : 0;
    outputs += p.output > 0 ? p.iterations : 0;
  }
  CHECK(macs == 8 * 4 * 16 * 9 * 32);  // what one core computes of the layer, neither more nor less
  CHECK(added == 6);
  CHECK(loads == 4);
  CHECK(inputs == 16);
  CHECK(outputs == 4);  // the output is written once
}

TEST_CASE("physical: a sub-volume whose input comes in slices is swept once per slice, its weights loaded once") {
  ScheduleTrace trace = small_trace();
  trace.layers[0].core_weights = trace.layers[0].memtile_weights;
  trace.layers[0].core_input.c = 8;
  const auto work = physical_work(trace);
  REQUIRE(work[0].passes.size() == 8);
  int loads = 0;
  for (const PassWork& p : work[0].passes) loads += p.weights > 0;
  CHECK(loads == 1);
}

TEST_CASE("a schedule that is complete keeps its passes; half the blocks are half the work") {
  ScheduleTrace trace = small_trace();
  trace.layers[0].core_weights = trace.layers[0].memtile_weights;
  auto work = physical_work(trace);
  REQUIRE(work[0].passes.size() == 2);
  CHECK(work[0].passes[1].operations == 2 * 4 * 16 * 9 * 32);
  trace.layers[0].density = 0.5;
  work = physical_work(trace);
  CHECK(work[0].passes[1].operations == 2 * 4 * 16 * 9 * 32 / 2);
}

TEST_CASE("ResNet50 on 4x4: compute is what its multiply-accumulates need, and the audit names itself") {
  const std::string path = "tests/golden/published/resnet50_4x4_dense.jsonl";
  const auto audit = published::replay(published::read_file(path), path, ReplayAccounting::physical);
  CHECK(audit["accounting"] == "physical");
  CHECK(audit["added_passes"].get<int>() > 0);
  double comp = 0, published_comp = 0;
  int added = 0;
  const auto same = published::replay(published::read_file(path), path);
  for (const auto& layer : audit["layers"])
    for (const auto& pass : layer["passes"]) {
      comp += pass["comp_us"].get<double>();
      added += pass.value("added", false);
    }
  for (const auto& layer : same["layers"])
    for (const auto& pass : layer["passes"]) published_comp += pass["comp_us"].get<double>();
  CHECK(added == audit["added_passes"].get<int>());
  CHECK(published_comp == Approx(8007).epsilon(0.01));
  CHECK(comp > 4089e6 / 16 / 256 * 1e-3);  // 4.09 G multiply-accumulates on 16 cores, 256 a cycle
  CHECK(comp < 4089e6 / 16 / 256 * 1e-3 * 1.25);
}
