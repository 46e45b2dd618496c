// GEMM on the array: the row's own tile on the row's own array, laid out as object_fifo does, with the buffering that
// the row states or that its group's designs have.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/cost/fitted_model.h"
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

// The buffering of stream-aie designs, which no row states.
void force_strips(const MeasuredRow& row, const GroupDesign& group, const network::Layer& layer,
                  const arch::ArraySpec& array, mapping::ForcedMapping& forced) {
  forced.buffers.output = static_cast<int>(group.number("c_buffers"));
  const auto bytes = [&] { return designs::object_fifo::gemm_design(layer, forced, array).core_bytes(); };
  if (array.cols > 1) {  // broadcast along the row, tile by tile; A stays when more than one tile of C needs it
    forced.buffers.weights = 1;
    forced.weights_stationary = false;
    const bool alone = row.n <= row.tile.n * array.cols;
    if (alone || bytes() > array.tile.memory.size - array.tile.reserved) forced.weights_stationary.reset();
    return;
  }
  forced.buffers.input = 1;
  forced.weights_stationary = true;
  if (static_cast<double>(bytes()) > group.number("strip_budget")) forced.buffers.weights = 1;
}

void force_buffering(const Buffering& b, mapping::ForcedMapping& forced) {
  if (b.a > 0) forced.buffers.input = b.a;
  if (b.b > 0) forced.buffers.weights = b.b;
  if (b.c > 0) forced.buffers.output = b.c;
  if (!b.keeps.empty()) forced.weights_stationary = b.keeps != "a";
}

// The row's own tile and buffering. Where A comes in slices, a core takes as deep a part of the tile as fits: whole
// blocks of the kernel that divide it.
GemmDesign design_of(const Subject& s, const network::Layer& layer, const cost::GemmCoefficients& kernel) {
  const CoreTile& t = s.row.tile;
  mapping::ForcedMapping forced;
  forced.tile = mapping::TileSizes{t.slice > 0 ? t.slice : t.m, 1, t.n, t.k};
  if (s.row.buffering)
    force_buffering(*s.row.buffering, forced);
  else if (s.design.strips)
    force_strips(s.row, s.design, layer, s.array, forced);
  GemmDesign design = designs::object_fifo::gemm_design(layer, forced, s.array);
  const Bytes room = s.array.tile.memory.size - s.array.tile.reserved;
  for (int k = t.k; t.slice > 0 && k > kernel.bk && design.core_bytes() > room;) {
    do k -= kernel.bk;
    while (k > kernel.bk && t.k % k != 0);
    forced.tile->ci = k;
    design = designs::object_fifo::gemm_design(layer, forced, s.array);
  }
  design.b_packed = s.row.buffering && s.row.buffering->packed;
  design.b_stays = s.row.buffering && s.row.buffering->stays;
  return design;
}

// The controller starts the columns one after the other. The first one runs out of A when it needs more than it has
// buffers for, as the broadcast waits for the last column.
double columns_skew(const GemmDesign& d, const arch::ArraySpec& array, double cycles_per_column) {
  const std::int64_t passes =
      std::int64_t{d.blocks_m(array)} * (d.keeps == designs::object_fifo::Keeps::input ? 1 : d.blocks_n(array));
  const bool waits = passes * ceil_div(d.k, d.tile_k) > d.a_buffers;
  return waits ? cycles_per_column * (array.cols - 1) : 0;
}

std::string beyond(const Subject& s, const GemmDesign& d, const cost::GemmCoefficients& kernel) {
  const MeasuredRow& row = s.row;
  std::vector<std::string> what;
  if (!kernel.fitted)
    what.push_back(fmt::format("kernel {} -> {} of {} was not measured", row.in_type, row.out_type, s.kernels));
  else if (!kernel.fitted_to(d.tile_m, d.tile_k, d.tile_n))
    what.push_back(fmt::format("kernel latency model {} -> {} fitted to {}", row.in_type, row.out_type, kernel.range));
  if (row.m % (d.tile_m * row.rows) != 0 || row.k % d.tile_k != 0 || row.n % (d.tile_n * row.cols) != 0)
    what.push_back("tiles do not divide the product, which is taken as padded");
  const auto& known = s.design.arrays;
  const std::pair<int, int> shape{row.rows, row.cols};
  if (!row.buffering && !known.empty() && std::find(known.begin(), known.end(), shape) == known.end())
    what.push_back("buffering of this array taken from that of others");
  return fmt::format("{}", fmt::join(what, "; "));
}

}  // namespace

Expected<Prediction> predict_gemm(const Subject& s) {
  const MeasuredRow& row = s.row;
  if (row.m == 0 || row.k == 0 || row.n == 0) return skip("m, k or n is not given");
  if (row.tile.m == 0) return skip("no core tile of the form MxKxN, or MxKxN with A in slices of R rows");
  if (row.rows == 0 || row.cols == 0) return skip("rows or cols is not given");
  if (!row.shape.empty()) return skip("shape \"" + row.shape + "\" of a GEMM row is not understood");
  if (row.batch > 1) return skip("a batch of GEMMs is not modelled");
  if (s.kernels.empty())
    return skip("no kernel library: column kernels is empty, and group " + row.group + " has none");
  auto latency_model = s.latency_model();
  if (!latency_model) return latency_model.failure();
  const auto in = network::find_type(row.in_type), out = network::find_type(row.out_type);
  const auto kernel = in && out ? (*latency_model)->gemm.find({*in, *out}) : (*latency_model)->gemm.end();
  if (kernel == (*latency_model)->gemm.end())
    return skip("library " + s.kernels + " has no " + row.in_type + " -> " + row.out_type + " kernel");
  const network::Network network = network_of(row, *in, *out);
  const GemmDesign design = design_of(s, network.layers.back(), kernel->second);
  auto schedule = designs::object_fifo::schedule_gemm(network, design, s.array, **latency_model);
  if (!schedule) return skip("the design does not fit: " + describe(schedule.failure()));
  auto run = run_program(schedule->program, s.array, kernel_durations(schedule->program, **latency_model));
  if (!run) return run.failure();

  const double cycles = static_cast<double>(s.design.span ? run->longest_core_span : run->total) / 1000 +
                        columns_skew(design, s.array, s.design.number("column_start_cycles"));
  Quantities o;
  if (s.array_alone()) o.cycles = cycles;
  if (row.clock_ghz > 0) o.us = stated_us(row, cycles) + s.overhead_us();
  o.macs = static_cast<double>(row.m) * row.k * row.n;
  o.cores = row.rows * row.cols;
  Prediction p = in_unit(row, o, run->bound_by);
  p.beyond = beyond(s, design, kernel->second);
  return p;
}

}  // namespace tessera::validation
