#include "sim/run/result.h"

#include <fmt/format.h>

#include <numeric>

#include "sim/program/hash.h"

namespace tessera::run {
namespace {
using nlohmann::json;

// Whole numbers stay whole in JSON.
json cycles(Millicycles t) {
  if (t % millicycles_per_cycle == 0) return t / millicycles_per_cycle;
  return static_cast<double>(t) / 1000.0;
}

json causes(const exec::CauseTimes& times) {
  json object;
  for (int c = 0; c < exec::cause_count; ++c) object[cause_name(static_cast<exec::Cause>(c))] = cycles(times[c]);
  return object;
}

// The published accounting moves sizes and has no weights that stand anywhere.
bool has_weights(const program::Program& program) { return program.accounting != "published"; }

// What the weights of the layers (all of them, or one) look like in DDR, each chunk once.
json weight_bytes(const program::Program& program, int layer) {
  sparsity::ChunkSize sum;
  for (const program::ChunkPlace& chunk : program.chunks) {
    if (layer >= 0 && chunk.layer != layer) continue;
    sum.blocks += chunk.size.blocks;
    sum.bias += chunk.size.bias;
    sum.multipliers += chunk.size.multipliers;
    sum.index += chunk.size.index;
    sum.data += chunk.size.data;
  }
  if (const int product = program.product.layer; product >= 0 && (layer < 0 || layer == product)) {  // B, row-major
    const network::Layer& l = program.layers[product].layer;
    sum.blocks += ceil_div(l.in.c, sparsity::kernel_block) * ceil_div(l.out.c, sparsity::kernel_block);
    sum.data += bytes_of(l.in_type, std::int64_t{l.in.c} * l.out.c);
  }
  json bytes = {
      {"blocks", sum.blocks}, {"data", sum.data}, {"index", sum.index}, {"bias", sum.bias}, {"total", sum.total()}};
  if (sum.multipliers > 0) bytes["multipliers"] = sum.multipliers;
  return bytes;
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
void add_use(json& into, const program::Program& program, const arch::CoreRates& core, double core_cycles,
             Millicycles busy) {
  if (core_cycles <= 0) return;
  const double peak = cost::peak_macs_per_cycle(core, program.layers.back().layer.in_type);  // a network has one type
  into["core_busy_share"] = static_cast<double>(busy) / millicycles_per_cycle / core_cycles;
  into["mac_utilization"] = into["macs"].get<double>() / peak / core_cycles;
}

json layer_result(const schedule::Schedule& schedule, const arch::ArraySpec& array, const exec::SimResult& sim,
                  const cost::Bounds* bounds, int id, int fused) {
  const program::Program& program = schedule.program;
  const program::ProgramLayer& placed = program.layers[id];
  const exec::LayerTimes& own = sim.layers[id];
  const exec::LayerTimes& span = own.start < 0 && fused >= 0 ? sim.layers[fused] : own;
  json layer = {{"name", placed.layer.name},
                {"op", placed.layer.is_gemm ? "gemm" : op_name(placed.layer.op)},
                {"start_us", to_us(std::max<Millicycles>(span.start, 0), array.clock_hz)},
                {"end_us", to_us(std::max<Millicycles>(span.end, 0), array.clock_hz)},
                {"macs", executed_macs(program, placed)},
                {"mapping", placed.mapping},
                {"ddr_read_bytes", own.ddr_read},
                {"ddr_write_bytes", own.ddr_write},
                {"time", causes(own.cores)}};
  const Millicycles at_layer = std::accumulate(own.cores.begin(), own.cores.end(), Millicycles{0});
  add_use(layer, program, array.tile.core, static_cast<double>(at_layer) / millicycles_per_cycle,
          own.cores[static_cast<int>(exec::Cause::busy)]);
  if (placed.layer.op == network::Op::conv2d && has_weights(program)) layer["weight_bytes"] = weight_bytes(program, id);
  if (bounds != nullptr) {
    const cost::LayerBound& bound = bounds->layers[id];
    layer["compute_bound_us"] = bound.compute_us;
    layer["alone_bound_us"] = bound.alone.us;
    layer["alone_bound_by"] = bound.alone.by;
    layer["alone_bound_mapping"] = bound.alone.mapping;
  }
  if (placed.layer.op == network::Op::conv2d && !schedule.layers.empty()) {
    layer["imbalance_unassigned"] = schedule.layers[id].imbalance_rows_unassigned;
    layer["imbalance"] = schedule.layers[id].imbalance_rows;
  }
  return layer;
}
// A field of RFC 4180: in quotes when it has to be.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? "\"\"" : std::string(1, c);
  return field + "\"";
}
}  // namespace

std::int64_t executed_macs(const program::Program& program, const program::ProgramLayer& placed) {
  const network::Layer& layer = placed.layer;
  if (layer.op != network::Op::conv2d || placed.mask < 0) return layer.macs();
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
  return weights * layer.window.kh * layer.window.kw * layer.out.h * layer.out.w;
}

json density_result(const schedule::Schedule& schedule, const arch::ArraySpec& array, const exec::SimResult& sim,
                    const cost::Bounds* bounds) {
  const program::Program& program = schedule.program;
  exec::CauseTimes cores{};
  for (int core = 0; core < array.cores(); ++core) {
    for (int c = 0; c < exec::cause_count; ++c) cores[c] += sim.engines[core][c];
  }
  json result = {{"cycles", cycles(sim.total)},
                 {"latency_us", to_us(sim.total, array.clock_hz)},
                 {"ddr_read_bytes", sim.traffic.ddr_read},
                 {"ddr_write_bytes", sim.traffic.ddr_write},
                 {"memtile_read_bytes", sim.traffic.memtile_read},
                 {"memtile_write_bytes", sim.traffic.memtile_write},
                 {"core_read_bytes", sim.traffic.core_read},
                 {"core_write_bytes", sim.traffic.core_write},
                 {"dispatch_us", array.controller.dispatch_us},
                 {"total_us", to_us(sim.total, array.clock_hz) + array.controller.dispatch_us},
                 {"events", sim.events},
                 {"program_hash", program::hash_text(program_hash(program))},
                 {"time", causes(cores)}};
  if (has_weights(program)) result["weight_bytes"] = weight_bytes(program, -1);
  if (bounds != nullptr) {
    result["bound_us"] = bounds->bound_us();
    result["compute_bound_us"] = bounds->compute_us;
    result["ddr_bound_us"] = bounds->ddr_us;
    result["alone_bound_us"] = bounds->alone_us;
  }
  const std::vector<int> fused = fused_into(program);
  std::int64_t macs = 0;
  json layers = json::array();
  for (const program::ProgramLayer& placed : program.layers) {
    if (placed.layer.op == network::Op::input || placed.layer.op == network::Op::concat) continue;
    layers.push_back(layer_result(schedule, array, sim, bounds, placed.layer.id, fused[placed.layer.id]));
    macs += layers.back()["macs"].get<std::int64_t>();
  }
  result["macs"] = macs;
  add_use(result, program, array.tile.core, static_cast<double>(sim.total) / millicycles_per_cycle * array.cores(),
          cores[static_cast<int>(exec::Cause::busy)]);
  result["layers"] = std::move(layers);
  return result;
}

std::string layers_csv(const json& result) {
  std::string csv =
      "density,layer,op,zero_share,start_us,end_us,compute_bound_us,alone_bound_us,alone_bound_by,macs,core_busy_share,"
      "mac_utilization,mapping,ddr_read_bytes,ddr_write_bytes,imbalance_unassigned,imbalance";
  for (int c = 0; c < exec::cause_count; ++c) csv += fmt::format(",{}_cycles", cause_name(static_cast<exec::Cause>(c)));
  csv += '\n';
  for (const char* density : {"dense", "sparse"}) {
    if (result[density].is_null()) continue;
    for (const json& layer : result[density]["layers"]) {
      const auto number = [&](const char* key) { return layer.contains(key) ? layer[key].dump() : ""; };
      const auto text = [&](const char* key) { return csv_field(layer.value(key, "")); };
      const std::vector<std::string> fields = {density,
                                               text("name"),
                                               text("op"),
                                               number("zero_share"),
                                               number("start_us"),
                                               number("end_us"),
                                               number("compute_bound_us"),
                                               number("alone_bound_us"),
                                               text("alone_bound_by"),
                                               number("macs"),
                                               number("core_busy_share"),
                                               number("mac_utilization"),
                                               text("mapping"),
                                               number("ddr_read_bytes"),
                                               number("ddr_write_bytes"),
                                               number("imbalance_unassigned"),
                                               number("imbalance")};
      csv += fmt::format("{}", fmt::join(fields, ","));
      for (int c = 0; c < exec::cause_count; ++c)
        csv += "," + layer["time"][cause_name(static_cast<exec::Cause>(c))].dump();
      csv += '\n';
    }
  }
  return csv;
}

}  // namespace tessera::run
