#include "sim/run/collect_result.h"

#include <numeric>

#include "sim/program/hash.h"
#include "sim/result/json.h"
#include "sim/run/batch.h"

namespace tessera::run {
namespace {

// The published accounting moves sizes and has no weights that stand anywhere.
bool has_weights(const program::Program& program) { return program.accounting != "published"; }

// What the weights of the layers (all of them, or one) look like in DDR, each chunk once.
result::WeightBytes weight_bytes(const program::Program& program, int layer) {
  result::WeightBytes sum;
  for (const program::ChunkPlace& chunk : program.chunks) {
    if (layer >= 0 && chunk.layer != layer) continue;
    sum.blocks += chunk.size.blocks;
    sum.bias += chunk.size.bias;
    if (chunk.size.multipliers > 0) sum.multipliers = sum.multipliers.value_or(0) + chunk.size.multipliers;
    if (chunk.size.padding > 0) sum.padding = sum.padding.value_or(0) + chunk.size.padding;
    sum.index += chunk.size.index;
    sum.data += chunk.size.data;
  }
  if (const int product = program.product.layer; product >= 0 && (layer < 0 || layer == product)) {  // B, row-major
    const network::Layer& l = program.layers[product].layer;
    sum.blocks += ceil_div(l.in.c, sparsity::kernel_block) * ceil_div(l.out.c, sparsity::kernel_block);
    sum.data += bytes_of(l.in_type, std::int64_t{l.in.c} * l.out.c);
  }
  return sum;
}

// The convolution that computes an add layer on its way out, or -1.
std::vector<int> fused_into(const program::Program& program) {
  std::vector<int> conv(program.layers.size(), -1);
  for (const program::KernelCall& call : program.calls) {
    if (call.add_layer >= 0) conv[call.add_layer] = call.layer;
  }
  return conv;
}

// How much of `core_cycles`, a time of cores, they spent in kernel calls, and which share of their peak these reached.
template <class Part>
void add_use(Part& into, const program::Program& program, const arch::CoreRates& core, double core_cycles) {
  if (core_cycles <= 0) return;
  const double peak = cost::peak_macs_per_cycle(core, program.layers.back().layer.in_type);  // a network has one type
  const Millicycles busy = into.time[static_cast<int>(exec::Cause::busy)];
  into.core_busy_share = static_cast<double>(busy) / millicycles_per_cycle / core_cycles;
  into.mac_utilization = static_cast<double>(into.macs) / peak / core_cycles;
}

result::LayerResult layer_result(const schedule::Schedule& schedule, const arch::ArraySpec& array,
                                 const exec::SimResult& sim, int id, int fused) {
  const program::Program& program = schedule.program;
  const program::ProgramLayer& placed = program.layers[id];
  const exec::LayerTimes& own = sim.layers[id];
  const exec::LayerTimes& span = own.start < 0 && fused >= 0 ? sim.layers[fused] : own;
  result::LayerResult layer;
  layer.name = placed.layer.name;
  layer.op = placed.layer.is_gemm ? "gemm" : op_name(placed.layer.op);
  layer.mapping = placed.mapping + (placed.zeros_kept ? " zeros-kept" : "");
  if (placed.zeros_kept) layer.zeros_kept = true;
  layer.start_us = to_us(std::max<Millicycles>(span.start, 0), array.clock_hz);
  layer.end_us = to_us(std::max<Millicycles>(span.end, 0), array.clock_hz);
  layer.macs = executed_macs(program, placed);
  layer.ddr_read = own.ddr_read;
  layer.ddr_write = own.ddr_write;
  layer.time = own.cores;
  const Millicycles at_layer = std::accumulate(own.cores.begin(), own.cores.end(), Millicycles{0});
  add_use(layer, program, array.tile.core, static_cast<double>(at_layer) / millicycles_per_cycle);
  if (ops::has_weights(placed.layer) && has_weights(program)) layer.weight_bytes = weight_bytes(program, id);
  if (placed.layer.columns.joined > 1 && placed.layer.repeats < 0) layer.input_columns = placed.layer.columns.joined;
  if (ops::has_blocks(placed.layer) && !schedule.layers.empty()) {
    layer.imbalance_unassigned = schedule.layers[id].imbalance_rows_unassigned;
    layer.imbalance = schedule.layers[id].imbalance_rows;
  }
  return layer;
}
}  // namespace

std::int64_t executed_macs(const program::Program& program, const program::ProgramLayer& placed) {
  const network::Layer& layer = placed.layer;
  if (!ops::is_maskable(layer) || placed.mask < 0) return layer.macs();
  const sparsity::KernelMask& mask = program.masks[placed.mask];
  const auto channels = [](int block, int count) {
    return std::min(sparsity::kernel_block, count - block * sparsity::kernel_block);
  };
  std::int64_t weights = 0;
  for (int row = 0; row < mask.rows; ++row) {
    const int logical = placed.block_order.empty() ? row : placed.block_order[row];
    for (int col = 0; col < mask.cols; ++col) {
      if (mask.present(row, col)) weights += std::int64_t{channels(logical, layer.out.c)} * channels(col, layer.in.c);
    }
  }
  return weights * layer.own_taps() * layer.out.h * layer.out.w / layer.columns.joined;
}

result::DensityResult density_result(const schedule::Schedule& schedule, const arch::ArraySpec& array,
                                     const exec::SimResult& sim, const cost::Bounds* bounds) {
  const program::Program& program = schedule.program;
  result::DensityResult density;
  for (int core = 0; core < array.cores(); ++core) {
    for (int c = 0; c < exec::cause_count; ++c) density.time[c] += sim.engines[core][c];
  }
  density.total = sim.total;
  density.latency_us = to_us(sim.total, array.clock_hz);
  density.dispatch_us = array.controller.dispatch_us;
  density.traffic = sim.traffic;
  density.events = sim.events;
  density.program_hash = program::hash_text(program_hash(program));
  if (has_weights(program)) density.weight_bytes = weight_bytes(program, -1);
  if (bounds != nullptr) density.bounds = result::RunBounds{bounds->compute_us, bounds->ddr_us, bounds->alone_us};
  const std::vector<int> fused = fused_into(program);
  for (const program::ProgramLayer& placed : program.layers) {
    if (!ops::is_computed(placed.layer)) continue;
    const int id = placed.layer.id;
    result::LayerResult layer = layer_result(schedule, array, sim, id, fused[id]);
    if (bounds != nullptr) {
      const cost::LayerBound& bound = bounds->layers[id];
      layer.bounds = result::LayerBounds{bound.compute_us, bound.alone.us, bound.alone.by, bound.alone.mapping};
    }
    density.macs += layer.macs;
    density.layers.push_back(std::move(layer));
  }
  add_use(density, program, array.tile.core, static_cast<double>(sim.total) / millicycles_per_cycle * array.cores());
  return density;
}

std::vector<result::ImageResult> image_results(const RunConfig& config, const exec::SimResult& sim) {
  struct Span {
    Millicycles start = -1, end = 0;
  };
  const network::Batch batch = batch_of(config);
  std::vector<Span> spans(static_cast<std::size_t>(config.images));
  for (std::size_t id = 0; id < sim.layers.size(); ++id) {
    const exec::LayerTimes& layer = sim.layers[id];
    if (layer.start < 0) continue;  // computed by another one
    for (int image = 0; image < config.images; ++image) {
      if (batch.image[id] >= 0 && batch.image[id] != image) continue;
      Span& span = spans[static_cast<std::size_t>(image)];
      if (span.start < 0 || layer.start < span.start) span.start = layer.start;
      span.end = std::max(span.end, layer.end);
    }
  }
  std::vector<result::ImageResult> images;
  for (const Span& s : spans)
    images.push_back({to_us(s.start, config.array.clock_hz), to_us(s.end, config.array.clock_hz)});
  return images;
}

result::HardwareResult hardware_result(const RunConfig& config) {
  const arch::ArraySpec& array = config.array;
  result::HardwareResult hardware;
  hardware.name = array.name;
  hardware.kernels = array.kernels;
  hardware.rows = array.rows;
  hardware.cols = array.cols;
  hardware.memtile_rows = array.memtile_rows;
  hardware.clock_hz = array.clock_hz;
  hardware.control = arch::control_mechanism_names[static_cast<std::size_t>(array.controller.mechanism)];
  if (array.controller.of_cores() && array.controller.mechanism != arch::ControlMechanism::core)
    hardware.control += "+core";
  if (array.controller.operation_ns > 0) hardware.operation_ns = array.controller.operation_ns;
  if (config.energy) hardware.energy_calibration = "not calibrated against a measured row";
  hardware.peak_macs_per_cycle =
      cost::peak_macs_per_cycle(array.tile.core, config.network.layers.back().in_type);  // a network has one type
  hardware.ddr_bytes_per_cycle = array.ddr.read_bytes_per_cycle;
  result::read_origin(config.resolved["hardware"], hardware);
  return hardware;
}

}  // namespace tessera::run
