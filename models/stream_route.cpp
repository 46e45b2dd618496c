#include "models/stream_route.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "models/data_plane.h"
#include "models/sim_time.h"
#include "models/tiles.h"

namespace tessera {
namespace {

int physical_row(const EngineMap::Info& i, const ArraySpec& array) {
  switch (i.tile_kind) {
    case TileKind::shim:
      return 0;
    case TileKind::memory:
      return 1 + i.row;
    case TileKind::compute:
      break;
  }
  return 1 + array.memtile_rows + i.row;
}

}  // namespace

int hops(const EngineMap::Info& a, const EngineMap::Info& b, const ArraySpec& array) {
  return std::abs(a.col - b.col) + std::abs(physical_row(a, array) - physical_row(b, array));
}

StreamRoute::StreamRoute(const sc_core::sc_module_name& name, RunState& run, const Route& route)
    : sc_module(name), run_(run), route_(route), rate_(run.array.stream.bytes_per_cycle) {
  SC_HAS_PROCESS(StreamRoute);
  SC_METHOD(turn);
  sensitive << turn_;
  dont_initialize();
}

void StreamRoute::connect(DmaChannel& channel, ShimTile* shim, Millicycles latency) {
  ends_.push_back({&channel, shim, latency});
  rate_ = std::min(rate_, channel.bytes_per_cycle());
}

void StreamRoute::offer(Millicycles ready) {
  ++ready_;
  begin_ = std::max(begin_, ready);
  if (ready_ == ends_.size() && !moving_) arrange_segment();
}

void StreamRoute::turn() {
  ++run_.result.events;
  if (moving_)
    end_segment();
  else
    begin_segment();
}

void StreamRoute::arrange_segment() {
  if (begin_ <= now())
    begin_segment();
  else
    turn_.notify(to_time(begin_ - now()));
}

void StreamRoute::begin_segment() {
  moving_ = true;
  Bytes n = run_.options.fidelity == Fidelity::burst ? run_.array.burst_bytes : std::numeric_limits<Bytes>::max();
  for (const End& end : ends_) n = std::min(n, end.channel->left());
  double conflict = 0;
  for (const End& end : ends_) conflict = std::max(conflict, end.channel->conflict_cycles(n));

  const Millicycles start = now();
  segment_ = {n, start, 0, transfer_time(n, rate_), static_cast<Millicycles>(std::ceil(conflict * 1000))};
  segment_.end = start + segment_.busy + segment_.conflict;
  for (std::size_t i = 0; i < ends_.size(); ++i)
    if (ends_[i].shim != nullptr) {
      const Millicycles stream = segment_.busy + segment_.conflict;
      segment_.end = std::max(segment_.end, start + ends_[i].shim->access(*ends_[i].channel, i != 0, n, stream));
    }
  for (const End& end : ends_) end.channel->segment_begins();
  turn_.notify(to_time(segment_.end - start));
}

void StreamRoute::end_segment() {
  if (run_.data != nullptr) run_.data->move(route_, segment_.bytes);
  const auto all = ends_.size();
  std::size_t exhausted = 0;
  for (const End& end : ends_) exhausted += end.channel->left() == segment_.bytes ? 1 : 0;
  ready_ -= exhausted;  // those that come back at once offer themselves again below
  for (const End& end : ends_) end.channel->segment_ends(segment_, end.latency);
  moving_ = false;
  if (ready_ == all) arrange_segment();
}

}  // namespace tessera
