// The ResNet bottleneck on one column: "HxW=56x56 1x1 256->64, 3x3 64->64, 1x1 64->256 + skip", or its marginal rate
// over the image height.
#include <fmt/format.h>

#include "sim/compile/compile.h"
#include "sim/network/network_file.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"

namespace tessera::validation {
namespace {

struct BottleneckShape {
  int height = 0, width = 0;
  int wide = 256, narrow = 64;  // channels outside and inside
};

double macs(const BottleneckShape& d) {
  return 1.0 * d.height * d.width * (2.0 * d.narrow * d.wide + 9.0 * d.narrow * d.narrow);
}

Expected<network::Network> network_of(const BottleneckShape& d) {
  const nlohmann::json layers = {
      {{"name", "reduce"}, {"op", "conv2d"}, {"channels", d.narrow}, {"kernel", 1}},
      {{"name", "spatial"}, {"op", "conv2d"}, {"channels", d.narrow}, {"kernel", 3}, {"padding", 1}},
      {{"name", "expand"}, {"op", "conv2d"}, {"channels", d.wide}, {"kernel", 1}},
      {{"name", "sum"}, {"op", "add"}, {"inputs", {"input", "expand"}}}};
  return network::parse_network({{"name", "bottleneck"}, {"input", {d.height, d.width, d.wide}}, {"layers", layers}},
                                "");
}

Expected<ProgramRun> run(const BottleneckShape& d, const cost::LatencyModel& latency_model,
                         const arch::ArraySpec& array) {
  auto network = network_of(d);
  if (!network) return Failure{ExitCode::does_not_fit, network.failure().problems};
  schedule::ScheduleSpec spec;
  spec.policy = "object_fifo";
  auto schedule = compile::make_schedule(
      *network, std::vector<std::optional<sparsity::BlockMask>>(network->layers.size()), array, latency_model, spec);
  if (!schedule) return schedule.failure();
  return run_program(schedule->program, array, kernel_durations(schedule->program, latency_model));
}

// The shape text as the design, or nothing.
bool parse(const std::string& shape, BottleneckShape& d) {
  int wide_in = 0, narrow = 0, in3 = 0, out3 = 0, narrow_out = 0, wide = 0;
  int end = 0;
  const int found = std::sscanf(shape.c_str(), "HxW=%5dx%5d 1x1 %5d->%5d, 3x3 %5d->%5d, 1x1 %5d->%5d + skip%n",
                                &d.height, &d.width, &wide_in, &narrow, &in3, &out3, &narrow_out, &wide, &end);
  d.wide = wide, d.narrow = narrow;
  const bool sizes = d.height > 0 && d.width > 0 && narrow > 0 && wide > 0;
  return found == 8 && sizes && end == static_cast<int>(shape.size()) && wide_in == wide && narrow == in3 &&
         narrow == out3 && narrow == narrow_out;
}

}  // namespace

Expected<Prediction> predict_bottleneck(const Subject& s) {
  const MeasuredRow& row = s.row;
  if (row.kernels.empty())  // those of the group are kernels of products
    return skip("column kernels is empty, and notes say neither \"stock\" nor \"patched\" kernels of a known group");
  if (row.in_type != "i8" || row.out_type != "i8") return skip("only int8 kernels of the bottleneck are known");
  if (row.rows != 4 || row.cols != 1) return skip("the bottleneck runs on one column of four cores");
  if (!row.core_tile.empty() && row.core_tile != "row-streamed")
    return skip("core tile \"" + row.core_tile + "\" of a bottleneck is not understood");
  if (row.batch > 1) return skip("a batch of bottlenecks is not modelled");
  auto latency_model = s.latency_model();
  if (!latency_model) return latency_model.failure();
  if (!(*latency_model)->conv) return skip("library " + s.kernels + " has no convolution");
  BottleneckShape d;
  // Over a tall image start and end hardly count, and the rate is the marginal one. The other rows of the group that
  // this was derived from are 32 wide.
  const bool marginal = row.shape == "marginal rate over image height";
  if (marginal) d = {4096, 32, 256, 64};
  if (!marginal && !parse(row.shape, d)) return skip("shape \"" + row.shape + "\" is no bottleneck of the known form");
  auto r = run(d, **latency_model, s.array);
  if (!r) {
    if (r.failure().code == ExitCode::does_not_fit) return skip("the design does not fit: " + describe(r.failure()));
    return r.failure();
  }
  Quantities o;
  const double overhead = marginal ? 0 : s.overhead_us();
  if (row.clock_ghz > 0) o.us = stated_us(row, static_cast<double>(r->total) / 1000) + overhead;
  if (marginal && in_unit(row, o, "").skipped.empty()) return skip("a marginal rate is no time: unit " + row.unit);
  o.macs = macs(d);
  o.cores = row.rows * row.cols;
  Prediction p = in_unit(row, o, r->bound_by);
  if (d.width != 32 || d.wide != 256 || d.narrow != 64)
    p.beyond = "convolution kernels fitted to 64 -> 256 channels, 32 pixels per row";
  return p;
}

}  // namespace tessera::validation
