// Single-core kernel rows: the kernel law of the group's library, plus the harness its timer includes.
#include <fmt/format.h>

#include "sim/cost/coefficient_law.h"
#include "sim/validation/units.h"

namespace tessera::validation {

Expected<Prediction> predict_kernel(const MeasuredRow& row, const ValidationSetup& setup,
                                    const arch::ArraySpec& array) {
  const GroupDesign& group = setup.groups.at(row.group);
  if (group.kernels.empty()) return skip("no kernel library for group " + row.group);
  const CoreTile& t = row.tile;
  if (t.m == 0) return skip("no core tile of the form MxKxN");
  if (row.rows > 1 || row.cols > 1) return skip("a kernel row is of one core");
  if (!row.shape.empty()) return skip("shape \"" + row.shape + "\" of a kernel row is not understood");
  for (const auto& [size, tile] : {std::pair{row.m, t.m}, {row.k, t.k}, {row.n, t.n}})
    if (size != 0 && size != tile) return skip("m, k, n of a kernel row are not those of its core tile");
  // The same shape was measured with a compiled and with an assembly kernel; only the notes tell which.
  const bool assembly = row.notes.find("hand assembly") != std::string::npos;
  const std::string library = assembly ? "hand-assembly" : group.kernels;
  auto law = cost::load_kernel_library(setup.config_folder + "/hardware/kernels/" + library + ".json");
  if (!law) return law.failure();
  const auto in_type = network::find_type(row.in_type), out_type = network::find_type(row.out_type);
  const auto it = in_type && out_type ? (*law)->gemm.find({*in_type, *out_type}) : (*law)->gemm.end();
  if (it == (*law)->gemm.end())
    return skip("library " + library + " has no " + row.in_type + " -> " + row.out_type + " kernel");
  const Bytes in = (Bytes{t.m} * t.k + Bytes{t.k} * t.n) * type_bytes(*in_type);
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  if (in + Bytes{t.m} * t.n * type_bytes(*out_type) > room)
    return skip(fmt::format("A, B and C of this tile do not fit the {} bytes of a core", room));
  Quantities o;
  o.cycles = it->second.cycles(t.m, t.k, t.n) + group.number("harness_cycles");
  o.us = stated_us(row, o.cycles);
  o.macs = static_cast<double>(t.m) * t.k * t.n;
  o.per = "call";
  Prediction p = in_unit(row, o, "compute");
  if (!it->second.fitted_to(t.m, t.k, t.n))
    p.beyond = fmt::format("kernel law {} -> {} fitted to {}", row.in_type, row.out_type, it->second.range);
  return p;
}

}  // namespace tessera::validation
