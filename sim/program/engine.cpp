#include "sim/program/engine.h"

#include <fmt/format.h>

namespace tessera::program {

EngineMap::EngineMap(const arch::ArraySpec& a)
    : rows_(a.rows),
      cols_(a.cols),
      memtiles_(a.memtiles()),
      memtile_rows_(a.memtile_rows),
      tile_channels_s2mm_(a.tile.dma.s2mm),
      tile_channels_(a.tile.dma.s2mm + a.tile.dma.mm2s),
      mem_s2mm_(a.memtile.dma.s2mm),
      mem_channels_(a.memtile.dma.s2mm + a.memtile.dma.mm2s),
      shim_s2mm_(a.shim.dma.s2mm),
      shim_channels_(a.shim.dma.s2mm + a.shim.dma.mm2s),
      serial_(a.controller.mechanism == arch::ControlMechanism::serial),
      of_cores_(a.controller.of_cores()) {
  mem_base_ = rows_ * cols_ * (1 + tile_channels_);
  shim_base_ = mem_base_ + memtiles_ * mem_channels_;
  for (int r = 0; r < rows_; ++r)
    for (int c = 0; c < cols_; ++c)
      engines_.push_back({TileKind::compute, EngineKind::core, compute_tile(r, c), r, c, -1});
  const auto channels = [&](TileKind kind, TileId tile, int row, int col, int s2mm, int total) {
    for (int i = 0; i < total; ++i)
      engines_.push_back(
          {kind, i < s2mm ? EngineKind::s2mm : EngineKind::mm2s, tile, row, col, i < s2mm ? i : i - s2mm});
  };
  for (int r = 0; r < rows_; ++r)
    for (int c = 0; c < cols_; ++c)
      channels(TileKind::compute, compute_tile(r, c), r, c, tile_channels_s2mm_, tile_channels_);
  for (int m = 0; m < memtiles_; ++m)
    channels(TileKind::memory, memory_tile(m), m % memtile_rows_, m / memtile_rows_, mem_s2mm_, mem_channels_);
  for (int c = 0; c < cols_; ++c) channels(TileKind::shim, shim_tile(c), 0, c, shim_s2mm_, shim_channels_);
  controller_base_ = count();
  const int columns = a.controller.mechanism == arch::ControlMechanism::none ? 0 : serial_ ? 1 : cols_;
  for (int c = 0; c < columns; ++c)
    engines_.push_back({TileKind::shim, EngineKind::controller, shim_tile(c), 0, c, -1});
  if (!of_cores_) return;
  for (int r = 0; r < rows_; ++r)
    for (int c = 0; c < cols_; ++c)
      engines_.push_back({TileKind::compute, EngineKind::controller, compute_tile(r, c), r, c, -1});
}

EngineId EngineMap::controller_of(TileId t) const {
  if (t < rows_ * cols_ && of_cores_) return controller_base_ + (serial_ ? 1 : cols_) + t;
  return switch_controller_of(t);
}

EngineId EngineMap::switch_controller_of(TileId t) const {
  if (serial_) return controller_base_;
  if (t < rows_ * cols_) return controller_base_ + t % cols_;
  const int m = t - rows_ * cols_;
  return controller_base_ + (m < memtiles_ ? m / memtile_rows_ : m - memtiles_);
}

EngineId EngineMap::tile_channel(int row, int col, EngineKind dir, int ch) const {
  return rows_ * cols_ + compute_tile(row, col) * tile_channels_ + (dir == EngineKind::s2mm ? 0 : tile_channels_s2mm_) +
         ch;
}
EngineId EngineMap::mem_channel(int memtile, EngineKind dir, int ch) const {
  return mem_base_ + memtile * mem_channels_ + (dir == EngineKind::s2mm ? 0 : mem_s2mm_) + ch;
}
EngineId EngineMap::shim_channel(int col, EngineKind dir, int ch) const {
  return shim_base_ + col * shim_channels_ + (dir == EngineKind::s2mm ? 0 : shim_s2mm_) + ch;
}

TileKind EngineMap::tile_kind(TileId t) const {
  if (t < rows_ * cols_) return TileKind::compute;
  return t < rows_ * cols_ + memtiles_ ? TileKind::memory : TileKind::shim;
}

std::string EngineMap::tile_name(TileId t) const {
  if (t < rows_ * cols_) return fmt::format("tile({},{})", t / cols_, t % cols_);
  const int m = t - rows_ * cols_;
  if (m < memtiles_) return fmt::format("mem({},{})", m / memtile_rows_, m % memtile_rows_);
  return fmt::format("shim({})", m - memtiles_);
}

std::string EngineMap::name(EngineId e) const {
  const Info& i = engines_[e];
  if (i.kind == EngineKind::core) return fmt::format("core({},{})", i.row, i.col);
  if (i.kind == EngineKind::controller) {
    if (i.tile_kind == TileKind::compute) return fmt::format("controller({},{})", i.row, i.col);
    return serial_ ? "controller" : fmt::format("controller({})", i.col);
  }
  return fmt::format("{}.{}{}", tile_name(i.tile), i.kind == EngineKind::s2mm ? "s2mm" : "mm2s", i.channel);
}

std::optional<EngineId> EngineMap::find(const std::string& name) const {
  for (EngineId e = 0; e < count(); ++e)
    if (this->name(e) == name) return e;
  return std::nullopt;
}

}  // namespace tessera::program
