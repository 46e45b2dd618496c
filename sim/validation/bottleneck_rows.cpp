// The ResNet bottleneck on one column: "HxW=56x56 1x1 256->64, 3x3 64->64, 1x1 64->256 + skip", or its marginal rate
// over the image height.
#include <fmt/format.h>

#include "sim/cost/coefficient_law.h"
#include "sim/schedule/bottleneck_program.h"
#include "sim/validation/predict.h"
#include "sim/validation/run_program.h"

namespace tessera {
namespace {

// Which kernels ran stands in the notes only: "stock kernels", "patched kernels". Empty: they do not say.
std::string kernel_kind(const MeasuredRow& row) {
  for (const char* kind : {"stock", "patched"})
    if (row.notes.rfind(kind, 0) == 0) return kind;
  return "";
}

double operations(const BottleneckDesign& d) {
  const double inside = 2.0 * d.narrow * d.wide + 9.0 * d.narrow * d.narrow;
  return 2.0 * d.height * d.width * inside;
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
  const int found = std::sscanf(shape.c_str(), "HxW=%dx%d 1x1 %d->%d, 3x3 %d->%d, 1x1 %d->%d + skip", &d.height, &d.width,
                                &wide_in, &narrow, &in3, &out3, &narrow_out, &wide);
  d.wide = wide, d.narrow = narrow;
  return found == 8 && wide_in == wide && narrow == in3 && narrow == out3 && narrow == narrow_out;
}

}  // namespace

Expected<Prediction> predict_bottleneck(const MeasuredRow& row, const ValidationSetup& setup, const ArraySpec& array) {
  if (kernel_kind(row).empty()) return skip("notes say neither \"stock\" nor \"patched\" kernels");
  std::vector<const KernelLaw*> laws;
  const std::string kernels = setup.config_folder + "/hardware/kernels/", one = "conv1x1-" + kernel_kind(row);
  for (const std::string& name : {one, std::string("conv3x3"), one}) {
    auto law = load_kernel_library(kernels + name + ".json");
    if (!law) return law.failure();
    laws.push_back(*law);
  }
  const auto us = [&](const ProgramRun& r) { return to_us(r.total, array.clock_hz); };
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
  const double total = us(*r) + (marginal ? 0 : setup.groups.at(row.group).overhead_us());
  if (row.unit == "ms") return Prediction{total / 1e3, r->bound_by, ""};
  if (row.unit == "us") return Prediction{total, r->bound_by, ""};
  if (row.unit == "GOPS") return Prediction{operations(d) / total / 1e3, r->bound_by, ""};
  return skip("unit " + row.unit + " of a bottleneck row");
}

}  // namespace tessera
