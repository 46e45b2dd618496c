// GEMM on several cores: the row's own tile on the row's own array, as the designs of its group buffer it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/cost/coefficient_law.h"
#include "sim/schedule/gemm_program.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"

namespace tessera {
namespace {

std::int64_t blocks_m(const GemmDesign& d, const ArraySpec& array) { return ceil_div(d.m, d.tile_m * array.rows); }
std::int64_t blocks_n(const GemmDesign& d, const ArraySpec& array) { return ceil_div(d.n, d.tile_n * array.cols); }

GemmDesign design_of(const MeasuredRow& row, const GroupDesign& group, const ArraySpec& array) {
  GemmDesign d;
  d.m = row.m, d.k = row.k, d.n = row.n;
  d.tile_m = row.tile.m, d.tile_k = row.tile.k, d.tile_n = row.tile.n;
  d.in_bytes = type_bytes(row.in_type), d.out_bytes = type_bytes(row.out_type);
  d.zero_cycles = ceil_div(Bytes{d.tile_m} * d.tile_n * d.out_bytes, 32);  // one 256-bit store per cycle (AM020)
  if (!group.strips) {
    d.c_buffers = fitting_c_buffers(d, array);
    return d;
  }
  d.c_buffers = static_cast<int>(group.number("c_buffers"));
  if (array.cols > 1) {  // broadcast along the row, tile by tile; A stays when more than one tile of C needs it
    d.b_buffers = 1;
    d.a_buffers = static_cast<int>(ceil_div(d.k, d.tile_k));
    d.a_stationary = blocks_n(d, array) > 1 && d.core_bytes() <= array.tile.memory.size - array.tile.reserved;
    if (!d.a_stationary) d.a_buffers = 2;
    return d;
  }
  d.a_buffers = 1;
  d.b_stationary = true;
  d.strip_calls = static_cast<int>(ceil_div(d.k, d.tile_k));
  d.b_buffers = 2;
  if (static_cast<double>(d.core_bytes()) > group.number("strip_budget")) d.b_buffers = 1;
  return d;
}

// The controller starts the columns one after the other. The first one runs out of A when it needs more than it has buffers for, as the
// broadcast waits for the last column.
double columns_skew(const GemmDesign& d, const ArraySpec& array, double cycles_per_column) {
  const std::int64_t passes = blocks_m(d, array) * (d.a_stationary ? 1 : blocks_n(d, array));
  const bool waits = passes * ceil_div(d.k, d.tile_k) > d.a_buffers;
  return waits ? cycles_per_column * (array.cols - 1) : 0;
}

// Some minutes of simulation.
constexpr std::int64_t most_calls = 20'000'000;

std::int64_t kernel_calls(const GemmDesign& d, const ArraySpec& array) {
  return blocks_m(d, array) * blocks_n(d, array) * ceil_div(d.k, d.tile_k) * array.rows * array.cols;
}

std::string beyond(const MeasuredRow& row, const GroupDesign& group, const GemmCoefficients& kernel) {
  const CoreTile& t = row.tile;
  std::vector<std::string> what;
  if (!kernel.fitted_to(t.m, t.k, t.n)) what.push_back(fmt::format("kernel law {} -> {} fitted to {}", row.in_type, row.out_type, kernel.range));
  if (row.m % (t.m * row.rows) != 0 || row.k % t.k != 0 || row.n % (t.n * row.cols) != 0)
    what.push_back("tiles do not divide the product, which is taken as padded");
  const std::pair<int, int> shape{row.rows, row.cols};
  if (!group.arrays.empty() && std::find(group.arrays.begin(), group.arrays.end(), shape) == group.arrays.end())
    what.push_back("buffering of this array taken from that of others");
  return fmt::format("{}", fmt::join(what, "; "));
}

}  // namespace

Expected<Prediction> predict_gemm(const MeasuredRow& row, const ValidationSetup& setup, const ArraySpec& array) {
  const GroupDesign& group = setup.groups.at(row.group);
  if (group.kernels.empty()) return skip("no kernel library for group " + row.group);
  if (row.m == 0 || row.k == 0 || row.n == 0) return skip("m, k or n is not given");
  if (row.tile.m == 0) return skip("no core tile of the form MxKxN");
  if (row.rows == 0 || row.cols == 0) return skip("rows or cols is not given");
  if (!row.shape.empty()) return skip("shape \"" + row.shape + "\" of a GEMM row is not understood");
  auto law = load_kernel_library(setup.config_folder + "/hardware/kernels/" + group.kernels + ".json");
  if (!law) return law.failure();
  const auto kernel = (*law)->gemm.find({row.in_type, row.out_type});
  if (kernel == (*law)->gemm.end())
    return skip("library " + group.kernels + " has no " + row.in_type + " -> " + row.out_type + " kernel");

  const GemmDesign design = design_of(row, group, array);
  if (const std::int64_t calls = kernel_calls(design, array); calls > most_calls)
    return skip(fmt::format("{} kernel calls are too many to simulate, at most {}", calls, most_calls));
  auto gemm = build_gemm_program(design, array);
  if (!gemm) return skip("the design does not fit: " + describe(gemm.failure()));
  const auto call = static_cast<Millicycles>(std::llround(1000 * kernel->second.cycles(row.tile.m, row.tile.k, row.tile.n)));
  std::vector<Millicycles> durations;
  for (const bool clears : gemm->clears) durations.push_back(clears ? design.zero_cycles * millicycles_per_cycle : call);
  auto run = run_program(gemm->program, array, durations);
  if (!run) return run.failure();

  const double cycles = static_cast<double>(group.span ? run->longest_core_span : run->total) / 1000 +
                        columns_skew(design, array, group.number("column_start_cycles"));
  Quantities o;
  if (!group.dispatch) o.cycles = cycles;
  if (row.clock_ghz > 0) o.us = stated_us(row, cycles) + group.overhead_us(array);
  o.macs = static_cast<double>(row.m) * row.k * row.n;
  o.cores = row.rows * row.cols;
  Prediction p = in_unit(row, o, run->bound_by);
  p.beyond = beyond(row, group, kernel->second);
  return p;
}

}  // namespace tessera
