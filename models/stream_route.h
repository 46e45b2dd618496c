// One route of the stream switches: a byte pipe from one MM2S channel to one or more S2MM channels. It moves a segment
// when the current descriptors of all its ends name it and are started: the slowest receiver sets the pace. A segment
// never crosses a descriptor border. It is at most a burst long where it matters who else is active meanwhile: at
// host memory, and at fidelity `burst` also at memories with bank conflicts.
// Latency is hops (Manhattan distance of the tiles) x hop_cycles and delays the receiving ends only.
// Left out: FIFOs of the switches (words in flight cost no back-pressure), sharing of a link by several routes.
#pragma once
#include <systemc>
#include <vector>

#include "models/dma_channel.h"

namespace tessera::models {

class ShimTile;

class StreamRoute : public sc_core::sc_module {
 public:
  StreamRoute(const sc_core::sc_module_name& name, RunState& run, const program::Route& route);

  struct End {
    DmaChannel* channel;
    ShimTile* shim;       // null unless the end is a shim channel
    Millicycles latency;  // behind the source
  };
  void connect(DmaChannel& channel, ShimTile* shim, Millicycles latency);  // the source first
  // The other side of an end of the route.
  const std::vector<const Engine*>& opposite(bool source) const { return source ? sinks_ : source_; }
  // A channel on this route takes part in the next segment, from `ready` on.
  void offer(Millicycles ready);

 private:
  enum class Phase { idle, first_byte, moving };
  void turn();
  void arrange_segment();
  void begin_segment();
  void move_segment();
  void end_segment();

  RunState& run_;
  const program::Route& route_;
  std::vector<End> ends_;
  std::vector<const Engine*> source_, sinks_;
  double rate_ = 0;
  std::size_t ready_ = 0;  // ends that have offered themselves
  Millicycles begin_ = 0;  // the latest time an end named
  Phase phase_ = Phase::idle;
  bool by_bursts_ = false;
  Segment segment_;
  sc_core::sc_event turn_;  // a segment begins, its first byte is there, it ends
};

// Switches between two engines' tiles.
int hops(const program::EngineMap::Info& a, const program::EngineMap::Info& b, const arch::ArraySpec& array);

}  // namespace tessera::models
