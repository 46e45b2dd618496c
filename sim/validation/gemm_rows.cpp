// GEMM on the array: the row's own tile on the row's own array, scheduled with the policy object_fifo and the buffering
// of its group's designs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/cost/coefficient_law.h"
#include "sim/compile/compile.h"
#include "sim/designs/object_fifo/gemm.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"

namespace tessera::validation {
namespace {

using designs::object_fifo::GemmDesign;

// Written out, as a network file has limits that are those of unrolled programs.
network::Network network_of(const MeasuredRow& row, network::ElementType in, network::ElementType out) {
  network::Layer input, gemm;
  input.name = "input";
  input.out = {row.m, 1, row.k};
  gemm.id = 1;
  gemm.name = "gemm";
  gemm.op = network::Op::conv2d;
  gemm.inputs = {0};
  gemm.in = input.out;
  gemm.out = {row.m, 1, row.n};
  gemm.is_gemm = true;
  gemm.in_type = in, gemm.out_type = out;
  return {row.id, {input, gemm}};
}

// What the scheduler is told: the row's own tile, and the buffering of its group's designs.
mapping::ForcedMapping forced_by(const MeasuredRow& row, const GroupDesign& group, const network::Layer& layer,
                                  const arch::ArraySpec& array) {
  mapping::ForcedMapping forced;
  forced.tile = mapping::TileSizes{row.tile.m, 1, row.tile.n, row.tile.k};
  if (!group.strips) return forced;
  forced.buffers.output = static_cast<int>(group.number("c_buffers"));
  const auto bytes = [&] { return designs::object_fifo::gemm_design(layer, forced, array).core_bytes(); };
  if (array.cols > 1) {  // broadcast along the row, tile by tile; A stays when more than one tile of C needs it
    forced.buffers.weights = 1;
    forced.weights_outer = false;
    const bool alone = row.n <= row.tile.n * array.cols;
    if (alone || bytes() > array.tile.memory.size - array.tile.reserved) forced.weights_outer.reset();
    return forced;
  }
  forced.buffers.input = 1;
  forced.weights_outer = true;
  if (static_cast<double>(bytes()) > group.number("strip_budget")) forced.buffers.weights = 1;
  return forced;
}

// The controller starts the columns one after the other. The first one runs out of A when it needs more than it has
// buffers for, as the broadcast waits for the last column.
double columns_skew(const GemmDesign& d, const arch::ArraySpec& array, double cycles_per_column) {
  const std::int64_t passes =
      std::int64_t{d.blocks_m(array)} * (d.keeps == designs::object_fifo::Keeps::input ? 1 : d.blocks_n(array));
  const bool waits = passes * ceil_div(d.k, d.tile_k) > d.a_buffers;
  return waits ? cycles_per_column * (array.cols - 1) : 0;
}

std::string beyond(const MeasuredRow& row, const GroupDesign& group, const cost::GemmCoefficients& kernel) {
  const CoreTile& t = row.tile;
  std::vector<std::string> what;
  if (!kernel.fitted_to(t.m, t.k, t.n))
    what.push_back(fmt::format("kernel law {} -> {} fitted to {}", row.in_type, row.out_type, kernel.range));
  if (row.m % (t.m * row.rows) != 0 || row.k % t.k != 0 || row.n % (t.n * row.cols) != 0)
    what.push_back("tiles do not divide the product, which is taken as padded");
  const std::pair<int, int> shape{row.rows, row.cols};
  if (!group.arrays.empty() && std::find(group.arrays.begin(), group.arrays.end(), shape) == group.arrays.end())
    what.push_back("buffering of this array taken from that of others");
  return fmt::format("{}", fmt::join(what, "; "));
}

}  // namespace

Expected<Prediction> predict_gemm(const MeasuredRow& row, const ValidationSetup& setup, const arch::ArraySpec& array) {
  const GroupDesign& group = setup.groups.at(row.group);
  if (group.kernels.empty()) return skip("no kernel library for group " + row.group);
  if (row.m == 0 || row.k == 0 || row.n == 0) return skip("m, k or n is not given");
  if (row.tile.m == 0) return skip("no core tile of the form MxKxN");
  if (row.rows == 0 || row.cols == 0) return skip("rows or cols is not given");
  if (!row.shape.empty()) return skip("shape \"" + row.shape + "\" of a GEMM row is not understood");
  auto law = cost::load_kernel_library(setup.config_folder + "/hardware/kernels/" + group.kernels + ".json");
  if (!law) return law.failure();
  const auto in = network::find_type(row.in_type), out = network::find_type(row.out_type);
  const auto kernel = in && out ? (*law)->gemm.find({*in, *out}) : (*law)->gemm.end();
  if (kernel == (*law)->gemm.end())
    return skip("library " + group.kernels + " has no " + row.in_type + " -> " + row.out_type + " kernel");
  const network::Network network = network_of(row, *in, *out);
  schedule::ScheduleSpec spec;
  spec.policy = "object_fifo";
  const network::Layer& layer = network.layers.back();
  const mapping::ForcedMapping& forced = spec.layers[layer.name] = forced_by(row, group, layer, array);
  const GemmDesign design = designs::object_fifo::gemm_design(layer, forced, array);
  auto schedule = compile::make_schedule(network, {std::nullopt, std::nullopt}, array, **law, spec);
  if (!schedule) return skip("the design does not fit: " + describe(schedule.failure()));
  auto run = run_program(schedule->program, array, kernel_durations(schedule->program, **law));
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

}  // namespace tessera::validation
