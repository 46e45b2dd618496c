// The three kinds of tile as modules: what each contains, named as in the program's text form.
#pragma once
#include <tlm_utils/simple_initiator_socket.h>

#include <memory>
#include <vector>

#include "models/bank_counters.h"
#include "models/compute_core.h"
#include "models/dma_channel.h"
#include "models/host_memory.h"
#include "models/lock_unit.h"

namespace tessera::models {

class Tile : public sc_core::sc_module {
 public:
  Tile(const sc_core::sc_module_name& name, RunState& run, program::TileId tile, const arch::LockSpec& locks);
  LockUnit& locks() { return locks_; }
  const std::vector<std::unique_ptr<DmaChannel>>& channels() const { return channels_; }

 protected:
  void add_channels(const arch::DmaSpec& dma, program::EngineId first, const Fabric& fabric);

  RunState& run_;
  LockUnit locks_;
  std::vector<std::unique_ptr<DmaChannel>> channels_;
};

class ComputeTile : public Tile {
 public:
  ComputeTile(const sc_core::sc_module_name& name, RunState& run, int row, int col, const Fabric& fabric);
  ComputeCore& core() { return core_; }
  BankCounters& banks() { return banks_; }

 private:
  BankCounters banks_;
  ComputeCore core_;
};

class MemoryTile : public Tile {
 public:
  MemoryTile(const sc_core::sc_module_name& name, RunState& run, int memtile, const Fabric& fabric);
  BankCounters& banks() { return banks_; }

 private:
  BankCounters banks_;
};

class ShimTile : public Tile {
 public:
  ShimTile(const sc_core::sc_module_name& name, RunState& run, int col, const Fabric& fabric);
  ~ShimTile() override;
  tlm_utils::simple_initiator_socket<ShimTile> socket;

  // When host memory can have the first byte of what the channel moves next: for a descriptor that reads, the latency
  // after it was requested, which happens as soon as its tokens are there, however long its channel is still busy.
  Millicycles first_byte(const DmaChannel& channel, bool write) const;
  // Reserves host memory from now on for the next `bytes` of a channel whose stream needs `stream` for them; how long
  // until they are through.
  Millicycles burst(const DmaChannel& channel, bool write, Bytes bytes, Millicycles stream);

 private:
  tlm::tlm_generic_payload payload_;
  StreamedBurst streamed_;
};

}  // namespace tessera::models
