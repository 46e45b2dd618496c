// One DMA channel: executes descriptor after descriptor. Of each it waits for the tokens, acquires the lock, pays the
// start cost, offers itself to the route it names and takes part in its segments; when its bytes are through it
// releases the lock and completes the task. An S2MM channel completes later than its source, by the latency of the
// stream, while it already works on its next descriptor: words on their way stand in the stream's FIFOs.
// Costs: DmaSpec (hardware file). Left out: task queues, descriptor fetch overlapping the previous transfer.
#pragma once
#include <deque>

#include "models/engine.h"

namespace tessera::models {

class StreamRoute;
class BankCounters;

// Where a channel finds what its descriptors name.
struct Fabric {
  std::vector<StreamRoute*> routes;  // by RouteId
  std::vector<BankCounters*> banks;  // by TileId; null for shim tiles
};

// What a route moved in one go.
struct Segment {
  Bytes bytes = 0;
  Millicycles begin = 0, end = 0;
  Millicycles busy = 0;      // of that, words moving at the rate of the route
  Millicycles conflict = 0;  // of that, lost to bank conflicts
};

class DmaChannel : public Engine {
 public:
  DmaChannel(const sc_core::sc_module_name& name, RunState& run, program::EngineId id, LockUnit& locks,
             const arch::DmaSpec& spec, const Fabric& fabric);

  int layer() const override { return transfer_ == nullptr ? -1 : transfer_->layer; }
  program::RouteId route() const override { return transfer_ == nullptr ? -1 : transfer_->route; }

  const program::Transfer& transfer() const { return *transfer_; }
  Bytes left() const { return left_; }
  bool at_start() const { return left_ == size_; }
  double bytes_per_cycle() const { return spec_.rate(info_.kind == program::EngineKind::mm2s); }
  // When the descriptor asked host memory for its data, possibly while the channel was still busy with earlier ones.
  Millicycles requested() const { return requested_; }
  double memory_load() const { return memory_load_; }
  double memory_wait() const { return memory_wait_; }
  bool counts_banks() const { return counts_banks_; }

  // The memory's view of a segment: which banks, and the share of it that other transfers use at this moment.
  double conflict_cycles(Bytes bytes) const;
  void segment_begins();
  // `latency`: how much later than the source this end is through (zero for the source).
  void segment_ends(const Segment& segment, Millicycles latency);

 private:
  enum class Phase { fetch, tokens, arrival, lock, locked };
  struct Arrival {
    Millicycles time, begin, through;
    const program::Transfer* transfer;
  };
  void advance() override;
  program::TileId memory() const {
    return info_.tile_kind == program::TileKind::memory ? transfer_->memory : info_.tile;
  }
  Millicycles start_cost();
  Millicycles enabled() const;
  void offer(Millicycles enabled, Millicycles chain);
  void retire(const Arrival& arrival);
  void drain();
  void count_traffic(const program::Transfer& transfer);

  const program::EngineMap::Info info_;
  const arch::DmaSpec& spec_;
  const Fabric& fabric_;
  double conflict_share_ = 0;
  bool counts_banks_ = false;  // somebody pays for bank conflicts here
  const std::vector<program::Transfer>& list_;

  Phase phase_ = Phase::fetch;
  const program::Transfer* transfer_ = nullptr;
  program::RouteId last_route_ = -1;
  Millicycles requested_ = 0;
  bool cold_ = true;  // nothing moved yet
  Bytes size_ = 0, left_ = 0;
  double memory_load_ = 1;         // shim: occupation of host memory per byte
  double memory_wait_ = 0;         // shim, reading: cycles per byte for the pages it opens
  Millicycles begin_ = 0;          // of the first word
  BankCounters* banks_ = nullptr;  // of the memory the descriptor names
  std::uint32_t bank_set_ = 0;
  std::deque<Arrival> arrivals_;  // last words on their way
  sc_core::sc_event arrived_;
};

}  // namespace tessera::models
