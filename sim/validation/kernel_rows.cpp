// Single-core kernel rows: the kernel law of the group's library, plus the harness its timer includes.
#include "sim/cost/coefficient_law.h"
#include "sim/validation/predict.h"

namespace tessera {

Expected<Prediction> predict_kernel(const MeasuredRow& row, const ValidationSetup& setup) {
  const GroupDesign& group = setup.groups.at(row.group);
  if (group.kernels.empty()) return skip("no kernel library for group " + row.group);
  if (row.tile.m == 0) return skip("no core tile of the form MxKxN");
  // The same shape was measured with a compiled and with an assembly kernel; only the notes tell which.
  const bool assembly = row.notes.find("hand assembly") != std::string::npos;
  const std::string library = assembly ? "hand-assembly" : group.kernels;
  auto law = load_kernel_library(setup.config_folder + "/hardware/kernels/" + library + ".json");
  if (!law) return law.failure();
  const auto it = (*law)->gemm.find({row.in_type, row.out_type});
  if (it == (*law)->gemm.end())
    return skip("library " + library + " has no " + row.in_type + " -> " + row.out_type + " kernel");
  const double cycles = it->second.cycles(row.tile.m, row.tile.k, row.tile.n) + group.number("harness_cycles");
  const double macs = static_cast<double>(row.tile.m) * row.tile.k * row.tile.n;
  if (row.unit == "MAC/cycle") return Prediction{macs / cycles, "compute", ""};
  if (row.unit == "cycles/call" || row.unit == "cycles") return Prediction{cycles, "compute", ""};
  return skip("unit " + row.unit + " of a kernel row");
}

}  // namespace tessera
