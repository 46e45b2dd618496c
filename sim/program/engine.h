// Engines of the array: every core, every DMA channel and every controller runs its own list of instructions.
// Text names: core(r,c)  tile(r,c).s2mm0  mem(c,k).mm2s3  shim(c).s2mm1  controller  controller(c)  controller(r,c)
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"

namespace tessera::program {

enum class TileKind : std::uint8_t { compute, memory, shim };
enum class EngineKind : std::uint8_t { core, s2mm, mm2s, controller };

using EngineId = int;  // dense index, see EngineMap
using TileId = int;    // dense index: compute tiles row-major, then memory tiles, then shims

// Numbers all engines and tiles of an array densely and names them.
class EngineMap {
 public:
  explicit EngineMap(const arch::ArraySpec& array);

  EngineId core(int row, int col) const { return row * cols_ + col; }
  EngineId tile_channel(int row, int col, EngineKind dir, int ch) const;
  EngineId mem_channel(int memtile, EngineKind dir, int ch) const;
  EngineId shim_channel(int col, EngineKind dir, int ch) const;
  int count() const { return static_cast<int>(engines_.size()); }
  bool is_channel(EngineId e) const { return info(e).channel >= 0; }

  // Controllers stand behind all other engines: none, one for the array or one per column, and, where cores write the
  // registers of their own tile, one per core.
  int controllers() const { return count() - controller_base_; }
  EngineId first_controller() const { return controller_base_; }
  EngineId controller_of(TileId tile) const;         // which serves the channels of the tile; there is one
  EngineId switch_controller_of(TileId tile) const;  // which writes its switch: never a core

  TileId compute_tile(int row, int col) const { return row * cols_ + col; }
  TileId memory_tile(int memtile) const { return rows_ * cols_ + memtile; }
  TileId shim_tile(int col) const { return rows_ * cols_ + memtiles_ + col; }
  int tile_count() const { return rows_ * cols_ + memtiles_ + cols_; }

  struct Info {
    TileKind tile_kind;
    EngineKind kind;
    TileId tile;
    int row, col;  // compute: row, col; memory: k, col; shim: 0, col
    int channel;   // -1 for a core and for a controller
  };
  const Info& info(EngineId e) const { return engines_[e]; }
  TileKind tile_kind(TileId t) const;
  std::string name(EngineId e) const;
  std::string tile_name(TileId t) const;  // tile(r,c), mem(c,k), shim(c)
  std::optional<EngineId> find(const std::string& name) const;

 private:
  int rows_, cols_, memtiles_, memtile_rows_;
  int tile_channels_s2mm_, tile_channels_, mem_s2mm_, mem_channels_, shim_s2mm_, shim_channels_;
  int mem_base_, shim_base_, controller_base_;
  bool serial_, of_cores_;  // whose operations the controllers do
  std::vector<Info> engines_;
};

}  // namespace tessera::program
