// The ResNet bottleneck on one column: "HxW=56x56 1x1 256->64, 3x3 64->64, 1x1 64->256 + skip", or its marginal rate
// over the image height.
#include <fmt/format.h>

#include "sim/cost/coefficient_law.h"
#include "sim/schedule/bottleneck_program.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"

namespace tessera {
namespace {

// Which kernels ran stands in the notes only: "stock kernels", "patched kernels". Empty: they do not say.
std::string kernel_kind(const MeasuredRow& row) {
  for (const char* kind : {"stock", "patched"})
    if (row.notes.rfind(kind, 0) == 0) return kind;
  return "";
}

double macs(const BottleneckDesign& d) {
  return 1.0 * d.height * d.width * (2.0 * d.narrow * d.wide + 9.0 * d.narrow * d.narrow);
}

Expected<ProgramRun> run(const BottleneckDesign& d, const std::vector<const KernelLaw*>& laws, const ArraySpec& array) {
  auto program = build_bottleneck_program(d, array);
  if (!program) return program.failure();
  std::vector<Millicycles> durations;
  for (const KernelCall& call : program->calls) {
    const auto layer = static_cast<std::size_t>(call.layer);
    durations.push_back(laws[layer]->duration(call, program->layers[layer].layer,
                                              &program->chunks[static_cast<std::size_t>(call.chunk)].size));
  }
  return run_program(*program, array, durations);
}

// The shape text as the design, or nothing.
bool parse(const std::string& shape, BottleneckDesign& d) {
  int wide_in = 0, narrow = 0, in3 = 0, out3 = 0, narrow_out = 0, wide = 0;
  int end = 0;
  const int found = std::sscanf(shape.c_str(), "HxW=%5dx%5d 1x1 %5d->%5d, 3x3 %5d->%5d, 1x1 %5d->%5d + skip%n", &d.height,
                                &d.width, &wide_in, &narrow, &in3, &out3, &narrow_out, &wide, &end);
  d.wide = wide, d.narrow = narrow;
  const bool sizes = d.height > 0 && d.width > 0 && narrow > 0 && wide > 0;
  return found == 8 && sizes && end == static_cast<int>(shape.size()) && wide_in == wide && narrow == in3 &&
         narrow == out3 && narrow == narrow_out;
}

}  // namespace

Expected<Prediction> predict_bottleneck(const MeasuredRow& row, const ValidationSetup& setup, const ArraySpec& array) {
  if (kernel_kind(row).empty()) return skip("notes say neither \"stock\" nor \"patched\" kernels");
  if (!setup.groups.at(row.group).bottleneck) return skip("the kernels of a bottleneck of group " + row.group + " are not known");
  if (row.in_type != "i8" || row.out_type != "i8") return skip("only int8 kernels of the bottleneck are known");
  if (row.rows != 4 || row.cols != 1) return skip("the bottleneck runs on one column of four cores");
  if (!row.core_tile.empty() && row.core_tile != "row-streamed")
    return skip("core tile \"" + row.core_tile + "\" of a bottleneck is not understood");
  std::vector<const KernelLaw*> laws;
  const std::string kernels = setup.config_folder + "/hardware/kernels/", one = "conv1x1-" + kernel_kind(row);
  for (const std::string& name : {one, std::string("conv3x3"), one}) {
    auto law = load_kernel_library(kernels + name + ".json");
    if (!law) return law.failure();
    laws.push_back(*law);
  }
  BottleneckDesign d;
  // Over a tall image start and end hardly count, and the rate is the marginal one. The other rows of the group that
  // this was derived from are 32 wide.
  const bool marginal = row.shape == "marginal rate over image height";
  if (marginal) d = {4096, 32, 256, 64};
  if (!marginal && !parse(row.shape, d)) return skip("shape \"" + row.shape + "\" is no bottleneck of the known form");
  auto r = run(d, laws, array);
  if (!r) {
    if (r.failure().code == ExitCode::does_not_fit) return skip("the design does not fit: " + describe(r.failure()));
    return r.failure();
  }
  Quantities o;
  const double overhead = marginal ? 0 : setup.groups.at(row.group).overhead_us(array);
  if (row.clock_ghz > 0) o.us = stated_us(row, static_cast<double>(r->total) / 1000) + overhead;
  if (marginal && in_unit(row, o, "").skipped.empty()) return skip("a marginal rate is no time: unit " + row.unit);
  o.macs = macs(d);
  o.cores = row.rows * row.cols;
  Prediction p = in_unit(row, o, r->bound_by);
  if (d.width != 32 || d.wide != 256 || d.narrow != 64)
    p.beyond = "convolution kernels fitted to 64 -> 256 channels, 32 pixels per row";
  return p;
}

}  // namespace tessera
