#include "sim/run/activity.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "sim/arch/energy_spec.h"
#include "sim/program/executions.h"

namespace tessera::run {
namespace {
using result::Energy;
using result::EnergyCause;

// Rows of the grid from the shim up.
int grid_row(const program::EngineMap::Info& engine, const arch::ArraySpec& array) {
  if (engine.tile_kind == program::TileKind::shim) return 0;
  return 1 + engine.row + (engine.tile_kind == program::TileKind::compute ? array.memtile_rows : 0);
}

// Links between switches that a route uses: along the row of its source, then along the column of each sink.
std::int64_t links_of(const program::Route& route, const program::EngineMap& map, const arch::ArraySpec& array) {
  std::set<std::tuple<int, int, bool>> links;  // column, row, whether to the next row
  const program::EngineMap::Info& from = map.info(route.source);
  const int row = grid_row(from, array);
  for (const program::EngineId sink : route.sinks) {
    const program::EngineMap::Info& to = map.info(sink);
    for (int c = std::min(from.col, to.col); c < std::max(from.col, to.col); ++c) links.emplace(c, row, false);
    const int end = grid_row(to, array);
    for (int r = std::min(row, end); r < std::max(row, end); ++r) links.emplace(to.col, r, true);
  }
  return static_cast<std::int64_t>(links.size());
}

void count_transfer(Activity& at, const program::Transfer& t, const program::EngineMap::Info& info,
                    std::int64_t times) {
  const bool write = info.kind == program::EngineKind::s2mm;
  const Bytes bytes = t.access.memory_bytes() * times;
  exec::MemoryTraffic& traffic = at.traffic;
  switch (info.tile_kind) {
    case program::TileKind::compute:
      (write ? traffic.core_write : traffic.core_read) += bytes;
      break;
    case program::TileKind::memory:
      (write ? traffic.memtile_write : traffic.memtile_read) += bytes;
      break;
    case program::TileKind::shim:
      (write ? traffic.ddr_write : traffic.ddr_read) += bytes;
      break;
  }
}

// A call reads its operands, and its sums where it goes on with them; it writes sums or the result.
void count_call(Activity& at, const program::Program& program, const program::KernelCall& call, std::int64_t times) {
  const network::Layer& layer = program.layers[static_cast<std::size_t>(call.layer)].layer;
  const Bytes in = type_bytes(layer.in_type), out = call.out.elements();
  const bool product = call.kind == program::KernelKind::gemm || call.kind == program::KernelKind::clear;
  const Bytes sum = product ? type_bytes(layer.out_type) : type_bytes(network::ElementType::i32);
  Bytes read = Bytes{call.in_h} * std::max(call.in_w, 1) * call.in_c * in;
  if (call.in2 >= 0 && !is_product(layer)) read += out * in;
  if (is_product(layer)) read += factor_of(call, layer, 1).elements();
  if (call.chunk >= 0) read += program.chunks[static_cast<std::size_t>(call.chunk)].size.total();
  if (call.kind == program::KernelKind::gemm) read += Bytes{call.out.c1 - call.out.c0} * call.in_c * in + out * sum;
  if (call.kind == program::KernelKind::clear) read = 0;
  if (!product && !call.first) read += out * sum;
  at.kernel_read += read * times;
  at.kernel_write += (product || !call.last ? out * sum : out * type_bytes(layer.out_type)) * times;
}

Energy energy_of(const Activity& a, std::int64_t macs, network::ElementType type, const exec::CauseTimes& time,
                 const arch::EnergySpec& table) {
  const Millicycles busy = time[static_cast<std::size_t>(exec::Cause::busy)];
  const Millicycles all = std::accumulate(time.begin(), time.end(), Millicycles{0});
  const double mac = type == network::ElementType::i8    ? table.mac_i8_pj
                     : type == network::ElementType::i16 ? table.mac_i16_pj
                                                         : table.mac_bf16_pj;
  const exec::MemoryTraffic& t = a.traffic;
  Energy energy;
  energy[EnergyCause::mac] = static_cast<double>(macs) * mac;
  energy[EnergyCause::core_busy] = static_cast<double>(busy) / millicycles_per_cycle * table.core_busy_pj;
  energy[EnergyCause::core_waiting] = static_cast<double>(all - busy) / millicycles_per_cycle * table.core_waiting_pj;
  energy[EnergyCause::core_memory] = static_cast<double>(t.core_read + a.kernel_read) * table.core_read_pj +
                                     static_cast<double>(t.core_write + a.kernel_write) * table.core_write_pj;
  energy[EnergyCause::memory_tiles] = static_cast<double>(t.memtile_read) * table.memtile_read_pj +
                                      static_cast<double>(t.memtile_write) * table.memtile_write_pj;
  energy[EnergyCause::streams] = static_cast<double>(a.hop_bytes) * table.hop_pj;
  energy[EnergyCause::ddr] =
      static_cast<double>(t.ddr_read) * table.ddr_read_pj + static_cast<double>(t.ddr_write) * table.ddr_write_pj;
  energy[EnergyCause::control] = static_cast<double>(a.control_operations) * table.control_operation_pj +
                                 static_cast<double>(a.core_operations) * table.core_operation_pj;
  return energy;
}

void join(Activity& sum, const Activity& a) {
  for (const auto field :
       {&exec::MemoryTraffic::ddr_read, &exec::MemoryTraffic::ddr_write, &exec::MemoryTraffic::memtile_read,
        &exec::MemoryTraffic::memtile_write, &exec::MemoryTraffic::core_read, &exec::MemoryTraffic::core_write})
    sum.traffic.*field += a.traffic.*field;
  sum.kernel_read += a.kernel_read;
  sum.kernel_write += a.kernel_write;
  sum.hop_bytes += a.hop_bytes;
  sum.control_operations += a.control_operations;
  sum.core_operations += a.core_operations;
}

result::Counts counts_of(const Activity& a) {
  const exec::MemoryTraffic& t = a.traffic;
  return {t.memtile_read, t.memtile_write, t.core_read, t.core_write, a.kernel_read, a.kernel_write, a.hop_bytes};
}
}  // namespace

ProgramActivity count_activity(const program::Program& program, const arch::ArraySpec& array) {
  const program::EngineMap map(array);
  ProgramActivity activity;
  activity.layers.resize(program.layers.size());
  const auto at = [&](int layer) -> Activity& {
    return layer < 0 ? activity.no_layer : activity.layers[static_cast<std::size_t>(layer)];
  };
  std::vector<std::int64_t> links;
  for (const program::Route& route : program.routes) links.push_back(links_of(route, map, array));
  for (program::EngineId e = 0; e < map.count(); ++e) {
    const program::EngineProgram& engine = program.engines[static_cast<std::size_t>(e)];
    const std::vector<std::int64_t> times = program::executions(engine);
    for (std::size_t i = 0; i < engine.transfers.size(); ++i) {
      const program::Transfer& t = engine.transfers[i];
      count_transfer(at(t.layer), t, map.info(e), times[i]);
      if (map.info(e).kind == program::EngineKind::mm2s)
        at(t.layer).hop_bytes += t.access.stream_bytes() * links[static_cast<std::size_t>(t.route)] * times[i];
    }
    for (std::size_t i = 0; i < engine.core.size(); ++i)
      if (engine.core[i].op == program::CoreOp::kernel) {
        const program::KernelCall& call = program.calls[static_cast<std::size_t>(engine.core[i].call)];
        count_call(at(engine.core[i].layer), program, call, times[i]);
      }
    const bool core = map.info(e).tile_kind == program::TileKind::compute;
    for (std::size_t i = 0; i < engine.control.size(); ++i) {
      Activity& there = at(engine.control[i].layer);
      (core ? there.core_operations : there.control_operations) += times[i];
    }
  }
  return activity;
}

void add_energy(result::DensityResult& density, const program::Program& program, const arch::ArraySpec& array,
                const arch::EnergySpec* energy) {
  const ProgramActivity activity = count_activity(program, array);
  const network::ElementType type = program.layers.back().layer.in_type;  // a network has one type
  std::unordered_map<std::string, std::size_t> ids;
  for (const program::ProgramLayer& placed : program.layers)
    ids[placed.layer.name] = static_cast<std::size_t>(placed.layer.id);
  exec::CauseTimes no_layer_time = density.time;
  std::vector<bool> reported(program.layers.size());
  for (result::LayerResult& layer : density.layers) {
    const std::size_t id = ids.at(layer.name);
    reported[id] = true;
    layer.counts = counts_of(activity.layers[id]);
    for (std::size_t c = 0; c < no_layer_time.size(); ++c) no_layer_time[c] -= layer.time[c];
    if (energy != nullptr) layer.energy = energy_of(activity.layers[id], layer.macs, type, layer.time, *energy);
  }
  Activity all = activity.no_layer, no_layer = activity.no_layer;
  for (std::size_t id = 0; id < reported.size(); ++id) {
    join(all, activity.layers[id]);
    if (!reported[id]) join(no_layer, activity.layers[id]);
  }
  density.counts = counts_of(all);
  if (energy == nullptr) return;
  all.traffic = density.traffic;  // as it was simulated
  density.energy = energy_of(all, density.macs, type, density.time, *energy);
  density.no_layer_uj = energy_of(no_layer, 0, type, no_layer_time, *energy).total() / 1e6;
}

}  // namespace tessera::run
