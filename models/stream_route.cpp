#include "models/stream_route.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "models/data_plane.h"
#include "models/sim_time.h"
#include "models/tiles.h"

namespace tessera::models {
namespace {

int physical_row(const program::EngineMap::Info& i, const arch::ArraySpec& array) {
  switch (i.tile_kind) {
    case program::TileKind::shim:
      return 0;
    case program::TileKind::memory:
      return 1 + i.row;
    case program::TileKind::compute:
      break;
  }
  return 1 + array.memtile_rows + i.row;
}

}  // namespace

int hops(const program::EngineMap::Info& a, const program::EngineMap::Info& b, const arch::ArraySpec& array) {
  return std::abs(a.col - b.col) + std::abs(physical_row(a, array) - physical_row(b, array));
}

StreamRoute::StreamRoute(const sc_core::sc_module_name& name, RunState& run, const program::Route& route)
    : sc_module(name), run_(run), route_(route), rate_(run.array.stream.bytes_per_cycle) {
  SC_HAS_PROCESS(StreamRoute);
  SC_METHOD(turn);
  sensitive << turn_;
  dont_initialize();
}

void StreamRoute::connect(DmaChannel& channel, ShimTile* shim, Millicycles latency) {
  (ends_.empty() ? source_ : sinks_).push_back(&channel);
  ends_.push_back({&channel, shim, latency});
  rate_ = std::min(rate_, channel.bytes_per_cycle());
  by_bursts_ =
      by_bursts_ || shim != nullptr || (run_.options.fidelity == exec::Fidelity::burst && channel.counts_banks());
}

void StreamRoute::offer(Millicycles ready) {
  ++ready_;
  begin_ = std::max(begin_, ready);
  if (ready_ == ends_.size() && phase_ == Phase::idle) arrange_segment();
}

void StreamRoute::turn() {
  ++run_.result.events;
  switch (phase_) {
    case Phase::idle:
      return begin_segment();
    case Phase::first_byte:
      return move_segment();
    case Phase::moving:
      return end_segment();
  }
}

void StreamRoute::arrange_segment() {
  if (begin_ <= now())
    begin_segment();
  else
    turn_.notify(to_time(begin_ - now()));
}

void StreamRoute::begin_segment() {
  Bytes n = by_bursts_ ? run_.array.burst_bytes : std::numeric_limits<Bytes>::max();
  for (const End& end : ends_) n = std::min(n, end.channel->left());
  double conflict = 0;
  for (const End& end : ends_) conflict = std::max(conflict, end.channel->conflict_cycles(n));
  segment_ = {n, now(), 0, transfer_time(n, rate_), static_cast<Millicycles>(std::ceil(conflict * 1000))};
  Millicycles first = now();
  for (std::size_t i = 0; i < ends_.size(); ++i)
    if (ends_[i].shim != nullptr) first = std::max(first, ends_[i].shim->first_byte(*ends_[i].channel, i != 0));
  for (const End& end : ends_) end.channel->segment_begins();
  phase_ = Phase::first_byte;
  if (first == now()) return move_segment();
  turn_.notify(to_time(first - now()));
}

void StreamRoute::move_segment() {
  phase_ = Phase::moving;
  const Millicycles stream = segment_.busy + segment_.conflict, start = now();
  segment_.end = start + stream;
  for (std::size_t i = 0; i < ends_.size(); ++i)
    if (ends_[i].shim != nullptr)
      segment_.end =
          std::max(segment_.end, start + ends_[i].shim->burst(*ends_[i].channel, i != 0, segment_.bytes, stream));
  turn_.notify(to_time(segment_.end - start));
}

void StreamRoute::end_segment() {
  if (run_.data != nullptr) run_.data->move(route_, segment_.bytes);
  const auto all = ends_.size();
  std::size_t exhausted = 0;
  for (const End& end : ends_) exhausted += end.channel->left() == segment_.bytes ? 1 : 0;
  ready_ -= exhausted;  // those that come back at once offer themselves again below
  for (const End& end : ends_) end.channel->segment_ends(segment_, end.latency);
  phase_ = Phase::idle;
  if (ready_ == all) arrange_segment();
}

}  // namespace tessera::models
