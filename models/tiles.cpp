#include "models/tiles.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/sim_time.h"

namespace tessera::models {

Tile::Tile(const sc_core::sc_module_name& name, RunState& run, program::TileId tile, const arch::LockSpec& locks)
    : sc_module(name), run_(run), locks_(run, tile, locks) {}

void Tile::add_channels(const arch::DmaSpec& dma, program::EngineId first, const Fabric& fabric) {
  for (int i = 0; i < dma.s2mm + dma.mm2s; ++i) {
    const bool in = i < dma.s2mm;
    const std::string name = fmt::format("{}{}", in ? "s2mm" : "mm2s", in ? i : i - dma.s2mm);
    channels_.push_back(std::make_unique<DmaChannel>(name.c_str(), run_, first + i, locks_, dma, fabric));
  }
}

ComputeTile::ComputeTile(const sc_core::sc_module_name& name, RunState& run, int row, int col, const Fabric& fabric)
    : Tile(name, run, run.map.compute_tile(row, col), run.array.tile.locks),
      banks_(run.array.tile.memory),
      core_("core", run, run.map.core(row, col), locks_, banks_) {
  add_channels(run.array.tile.dma, run.map.tile_channel(row, col, program::EngineKind::s2mm, 0), fabric);
}

MemoryTile::MemoryTile(const sc_core::sc_module_name& name, RunState& run, int memtile, const Fabric& fabric)
    : Tile(name, run, run.map.memory_tile(memtile), run.array.memtile.locks), banks_(run.array.memtile.memory) {
  add_channels(run.array.memtile.dma, run.map.mem_channel(memtile, program::EngineKind::s2mm, 0), fabric);
}

ShimTile::ShimTile(const sc_core::sc_module_name& name, RunState& run, int col, const Fabric& fabric)
    : Tile(name, run, run.map.shim_tile(col), run.array.shim.locks), socket("socket") {
  payload_.set_extension(&streamed_);
  add_channels(run.array.shim.dma, run.map.shim_channel(col, program::EngineKind::s2mm, 0), fabric);
}

ShimTile::~ShimTile() { payload_.clear_extension(&streamed_); }

Millicycles ShimTile::first_byte(const DmaChannel& channel, bool write) const {
  if (write || !channel.at_start()) return now();
  return std::max(now(), channel.requested() + tessera::to_millicycles(run_.array.ddr.latency_cycles));
}

Millicycles ShimTile::burst(const DmaChannel& channel, bool write, Bytes bytes, Millicycles stream) {
  const double pages = static_cast<double>(bytes) * channel.memory_wait() * static_cast<double>(millicycles_per_cycle);
  streamed_.stream = std::max(stream, static_cast<Millicycles>(pages));
  streamed_.load = channel.memory_load();
  payload_.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload_.set_address(static_cast<sc_dt::uint64>(channel.transfer().access.base));
  payload_.set_data_length(static_cast<unsigned>(bytes));
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  socket->b_transport(payload_, delay);
  return to_millicycles(delay);
}

}  // namespace tessera::models
