#include "sim/designs/object_fifo/gemm.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/designs/object_fifo/gemm_layout.h"
#include "sim/program/descriptor.h"

namespace tessera::designs::object_fifo {
namespace {

// What the busiest of compute, streams and host memory needs, each undisturbed.
schedule::Candidate estimate(const network::Layer& layer, const GemmLayout& l,
                             const cost::LatencyModel& latency_model) {
  const GemmDesign& d = l.d;
  const arch::ArraySpec& array = l.array;
  program::KernelCall call;
  call.out = {0, d.tile_m, 0, 1, 0, d.tile_n};
  call.in_c = d.tile_k;
  const auto cycles = [&](program::KernelKind kind) {
    call.kind = kind;
    return static_cast<double>(latency_model.duration(call, layer, nullptr)) / 1000;
  };
  const auto tiles = static_cast<double>(l.outputs()), calls = tiles * l.strips * d.strip_calls;
  const double stream =
      std::min({array.stream.bytes_per_cycle, array.tile.dma.bytes_per_cycle, array.memtile.dma.bytes_per_cycle});
  const double shim = std::min(array.shim.dma.bytes_per_cycle, array.stream.bytes_per_cycle);
  const auto a = static_cast<double>(l.a_passes() * l.strips * d.a_bytes()),
             b = static_cast<double>(l.b_sends() * l.strips * d.b_bytes()),
             b_from_ddr = static_cast<double>(l.b_passes() * l.strips * d.b_bytes()),
             c = tiles * static_cast<double>(d.c_bytes());
  const double from_ddr = a * array.rows + b_from_ddr * array.cols, to_ddr = c * array.cores();
  const double mixed = array.ddr.mixed_bytes_per_cycle > 0 ? (from_ddr + to_ddr) / array.ddr.mixed_bytes_per_cycle : 0;
  const std::pair<double, const char*> parts[] = {
      {calls * cycles(program::KernelKind::gemm) + tiles * cycles(program::KernelKind::clear), "compute"},
      {std::max(a * l.feeds / shim, b / stream), "input"},
      {c * array.rows / shim, "output"},
      {std::max({from_ddr / array.ddr.read_bytes_per_cycle, to_ddr / array.ddr.write_bytes_per_cycle, mixed}), "ddr"}};
  const auto& most = *std::max_element(std::begin(parts), std::end(parts));
  schedule::Candidate candidate;
  candidate.mapping = mapping::sharding_name({mapping::Axis::channels, mapping::Axis::height});
  candidate.tiling = fmt::format("tile={}x1x{}/{} buffers={},{},{}{}", d.tile_m, d.tile_n, d.tile_k, d.a_buffers,
                                 d.b_buffers, d.c_buffers,
                                 !d.keeps                  ? ""
                                 : d.keeps == Keeps::input ? " keeps=input"
                                                           : " keeps=weights");
  candidate.rows = d.m;
  candidate.us = most.first * 1e6 / array.clock_hz;
  candidate.bound_by = most.second;
  candidate.core_bytes = d.core_bytes();
  candidate.chosen = true;
  return candidate;
}

constexpr double most_calls = 2e7;  // some minutes of verifying and simulating

std::vector<Problem> misfits(const std::string& layer, const GemmDesign& d, const arch::ArraySpec& array) {
  std::vector<Problem> problems;
  const auto note = [&](const std::string& what, const std::string& legal) {
    problems.push_back({"", "layer " + layer, what, legal});
  };
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  const double calls = 1.0 * d.blocks_m(array) * d.blocks_n(array) * d.strips() * d.strip_calls * array.cores();
  if (calls > most_calls)
    note(fmt::format("{:.4g} kernel calls are too many to simulate", calls),
         fmt::format("at most {:.4g}: a larger tile", most_calls));
  if (d.core_bytes() > room)
    note(fmt::format("buffers of one core need {} bytes", d.core_bytes()), fmt::format("at most {} bytes", room));
  for (const auto& [what, bytes] : {std::pair{"tile of k", d.in_bytes(d.tile_k)},
                                    {"tile of n", d.in_bytes(d.tile_n)},
                                    {"tile of n, product", d.out_bytes(d.tile_n)}})
    if (bytes % 4 != 0) note(fmt::format("{} has {} bytes", what, bytes), "multiples of 4 bytes");
  const int per_column = static_cast<int>(ceil_div(array.rows, array.cols));
  if (array.memtile.dma.s2mm < first_c_channel + array.rows || array.memtile.dma.mm2s < per_column + 2)
    note(fmt::format("{} rows of cores per column of memory tiles", array.rows),
         fmt::format("at most {} rows, for {} inbound and {} outbound channels",
                     array.memtile.dma.s2mm - first_c_channel, array.memtile.dma.s2mm, array.memtile.dma.mm2s));
  const GemmLayout l(d, array);
  const int locks = 2 * (per_column + 1 + array.rows + l.pieces());
  if (d.b_stays && l.blocks_m > array.memtile.locks.max_value)
    note(fmt::format("what stays in a memory tile is sent {} times", l.blocks_m),
         fmt::format("at most {}, what a lock counts", array.memtile.locks.max_value));
  if (array.memtile.locks.count < locks)
    note(fmt::format("{} locks of a memory tile are needed, a pair per ring", locks),
         fmt::format("at most {} locks", array.memtile.locks.count));
  if (const int most = std::max({d.a_buffers, d.b_buffers, d.c_buffers}); most > array.tile.locks.max_value)
    note(fmt::format("{} buffers in a ring", most),
         fmt::format("at most {}, what a lock counts", array.tile.locks.max_value));
  const auto tiles = [&](const char* of, Bytes run, int rows, Bytes pitch) {  // as the shim moves them
    program::Access a = program::linear(0, run);
    a.rank = 2;
    a.dims[1] = program::repeated(rows, std::min<Bytes>(pitch, std::numeric_limits<std::int32_t>::max() / 4 * 4));
    if (run % 4 == 0 && !encoded(a, array.shim.dma))
      note(fmt::format(
               "tiles of {} are {} rows of {} bytes at a distance of {}, for which a descriptor of the shim has no "
               "form",
               of, rows, run, pitch),
           fmt::format("steps up to {} words, runs of {}", array.shim.dma.max_step, array.shim.dma.max_wrap));
  };
  tiles("a", d.in_bytes(d.tile_k), d.tile_m * per_column, l.a.pitch);
  if (!d.b_packed) tiles("b", d.in_bytes(d.tile_n), l.steps, l.b.pitch);
  tiles("c", d.out_bytes(d.tile_n), d.tile_m * array.rows, l.c.pitch);
  if (d.keeps == Keeps::input && d.k > d.a_buffers * d.tile_k)
    note("an input that is kept needs buffers for all of k",
         fmt::format("at least {} buffers", ceil_div(d.k, d.tile_k)));
  const Bytes staged = d.memtile_buffers * (per_column * d.a_bytes() + array.rows * d.c_bytes()) +
                       (d.b_stays ? l.strips : d.memtile_buffers) * d.b_bytes();
  if (staged > array.memtile.memory.size)
    note(fmt::format("staging needs {} bytes of a memory tile", staged),
         fmt::format("at most {} bytes", array.memtile.memory.size));
  return problems;
}

}  // namespace

GemmDesign gemm_design(const network::Layer& layer, const mapping::ForcedMapping& forced,
                       const arch::ArraySpec& array) {
  GemmDesign d;
  d.m = layer.out.h, d.k = layer.in.c, d.n = layer.out.c;
  d.tile_m = forced.tile->h, d.tile_n = forced.tile->co, d.tile_k = forced.tile->ci;
  d.in_type = layer.in_type, d.out_type = layer.out_type;
  if (forced.weights_stationary) d.keeps = *forced.weights_stationary ? Keeps::weights : Keeps::input;
  const int steps = static_cast<int>(ceil_div(d.k, d.tile_k));
  if (d.keeps == Keeps::weights) d.strip_calls = steps;
  d.a_buffers = forced.buffers.input.value_or(d.keeps == Keeps::input ? steps : 2);
  d.b_buffers = forced.buffers.weights.value_or(2);
  const Bytes room = array.tile.memory.size - array.tile.reserved;
  d.c_buffers = forced.buffers.output.value_or(d.core_bytes() <= room ? 2 : 1);
  return d;
}

Expected<Schedule> schedule_gemm(const network::Network& network, const GemmDesign& design,
                                 const arch::ArraySpec& array, const cost::LatencyModel& latency_model) {
  std::vector<Problem> problems = misfits(network.layers.back().name, design, array);
  if (!problems.empty()) return Failure{ExitCode::does_not_fit, std::move(problems)};
  const GemmLayout layout(design, array);
  schedule::Candidate chosen = estimate(network.layers.back(), layout, latency_model);
  Schedule s;
  s.estimate_us = chosen.us;
  s.program = emit_gemm(network, layout, chosen.mapping + " " + chosen.tiling);
  s.layers.resize(network.layers.size());
  s.layers.back().candidates.push_back(std::move(chosen));
  return s;
}

}  // namespace tessera::designs::object_fifo
