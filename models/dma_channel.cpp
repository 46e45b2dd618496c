#include "models/dma_channel.h"

#include <algorithm>

#include "models/bank_counters.h"
#include "models/data_plane.h"
#include "models/lock_unit.h"
#include "models/prefetch.h"
#include "models/sim_time.h"
#include "models/stream_route.h"
#include "sim/program/ddr_load.h"

namespace tessera::models {
namespace {

const char* payload_name(program::Payload p) {
  static const char* const names[] = {"transfer", "activations", "weights", "result", "padding"};
  return names[static_cast<int>(p)];
}

}  // namespace

DmaChannel::DmaChannel(const sc_core::sc_module_name& name, RunState& run, program::EngineId id, LockUnit& locks,
                       const arch::DmaSpec& spec, const Fabric& fabric)
    : Engine(name, run, id, &locks),
      info_(run.map.info(id)),
      spec_(spec),
      fabric_(fabric),
      list_(run.program.engines[static_cast<std::size_t>(id)].transfers) {
  if (info_.tile_kind == program::TileKind::memory) conflict_share_ = run.array.memtile.conflict_share;
  counts_banks_ =
      conflict_share_ > 0 || (info_.tile_kind == program::TileKind::compute && run.array.tile.conflict_share > 0);
  if (info_.kind != program::EngineKind::s2mm) return;
  SC_HAS_PROCESS(DmaChannel);
  SC_METHOD(drain);
  sensitive << arrived_;
  dont_initialize();
}

void DmaChannel::advance() {
  for (;;) switch (phase_) {
      case Phase::fetch: {
        const std::int32_t index = cursor_.next();
        const bool first = transfer_ == nullptr;
        prefetch(list_, index + 1);
        transfer_ = index < 0 ? nullptr : &list_[static_cast<std::size_t>(index)];
        if (transfer_ == nullptr) return finish();
        const Millicycles chain = first ? 0 : spec_.chain_cycles * millicycles_per_cycle;
        // A descriptor that nothing blocks takes its lock now instead of chain_cycles later: one event less.
        if (proceed(transfer_->wait0, transfer_->wait_count, transfer_->acquire)) return offer(enabled(), chain);
        phase_ = Phase::tokens;
        if (pause(chain, exec::Cause::overhead)) return;
        break;
      }
      case Phase::tokens:
        phase_ = Phase::arrival;
        if (await_tokens(transfer_->wait0, transfer_->wait_count)) return;
        break;
      case Phase::arrival:
        phase_ = Phase::lock;
        if (pause(std::max<Millicycles>(0, enabled() - now()), token_cause(transfer_->wait0, transfer_->wait_count)))
          return;
        break;
      case Phase::lock:
        phase_ = Phase::locked;
        if (await_lock(transfer_->acquire)) return;
        return offer(enabled(), 0);
      case Phase::locked:
        return offer(now(), 0);
    }
}

// When the descriptor's tokens were there, unless nothing comes before it that it could have been requested under.
Millicycles DmaChannel::enabled() const {
  const Millicycles tokens = tokens_at(transfer_->wait0, transfer_->wait_count);
  return cold_ ? std::max(tokens, now()) : tokens;
}

// The route takes it from here; it begins no earlier than `chain` and the start cost from now, which saves an event of
// this channel.
void DmaChannel::offer(Millicycles enabled, Millicycles chain) {
  const Millicycles cost = start_cost();
  const Millicycles start = std::max(now() + chain, enabled), ready = start + cost;
  requested_ = enabled + cost;
  charge(exec::Cause::overhead, now() + chain);
  charge(token_cause(transfer_->wait0, transfer_->wait_count), start);
  charge(exec::Cause::overhead, ready);
  size_ = left_ = transfer_->access.stream_bytes();
  if (info_.tile_kind == program::TileKind::shim) {
    const bool write = info_.kind == program::EngineKind::s2mm;
    memory_load_ = ddr_load(transfer_->access, run_.array.ddr, write);
    memory_wait_ = write ? 0 : channel_wait(transfer_->access, run_.array.ddr);
  }
  banks_ = fabric_.banks[static_cast<std::size_t>(memory())];
  if (counts_banks_) bank_set_ = banks_->between(transfer_->access.base, transfer_->access.end());
  if (run_.data != nullptr) run_.data->begin(id_, *transfer_);
  StreamRoute& route = *fabric_.routes[static_cast<std::size_t>(transfer_->route)];
  await_stream(route.opposite(info_.kind == program::EngineKind::mm2s));
  route.offer(ready);
}

Millicycles DmaChannel::start_cost() {
  const bool outbound = info_.kind == program::EngineKind::mm2s;
  Cycles cycles = spec_.start(outbound);
  if (cold_) cycles += spec_.first_start(outbound);
  if (last_route_ >= 0 && last_route_ != transfer_->route) cycles += run_.array.stream.packet_cycles;
  cold_ = false;
  last_route_ = transfer_->route;
  return cycles * millicycles_per_cycle;
}

double DmaChannel::conflict_cycles(Bytes bytes) const {
  if (conflict_share_ <= 0) return 0;
  return conflict_share_ * banks_->shared_with_others(bank_set_) * banks_->accesses_of(bytes);
}

void DmaChannel::segment_begins() {
  if (at_start()) {
    begin_ = now();
    unblock();
    if (transfer_->payload != program::Payload::weights) run_.layer_began(transfer_->layer, begin_);
  }
  if (conflict_share_ > 0) banks_->enter(bank_set_);
}

void DmaChannel::segment_ends(const Segment& s, Millicycles latency) {
  charge(exec::Cause::wait_stream, s.begin);
  charge(exec::Cause::bank_conflict, s.begin + s.conflict);
  charge(exec::Cause::wait_stream, s.end - s.busy);
  charge(exec::Cause::busy, s.end);
  if (counts_banks_) banks_->count(bank_set_, s.bytes);
  if (conflict_share_ > 0) banks_->leave(bank_set_);
  left_ -= s.bytes;
  if (left_ > 0) return;
  const Arrival arrival{s.end + latency, begin_, s.end, transfer_};
  if (latency == 0) {
    retire(arrival);
  } else {
    arrivals_.push_back(arrival);
    if (arrivals_.size() == 1) arrived_.notify(to_time(latency));
  }
  phase_ = Phase::fetch;
  advance();
}

void DmaChannel::drain() {
  while (!arrivals_.empty() && arrivals_.front().time <= now()) {
    retire(arrivals_.front());
    arrivals_.pop_front();
  }
  if (!arrivals_.empty()) arrived_.notify(to_time(arrivals_.front().time - now()));
}

void DmaChannel::retire(const Arrival& a) {
  count_traffic(*a.transfer);
  run_.trace({id_, a.transfer->layer, payload_name(a.transfer->payload),
              a.transfer->payload == program::Payload::weights, static_cast<std::int32_t>(a.transfer - list_.data()),
              a.begin, a.through, a.time});
  run_.layer_ended(a.transfer->layer, a.time);
  if (a.transfer->release.lock >= 0) locks_->release(a.transfer->release);
  run_.tasks.complete(id_);
}

void DmaChannel::count_traffic(const program::Transfer& t) {
  exec::MemoryTraffic& traffic = run_.result.traffic;
  const bool write = info_.kind == program::EngineKind::s2mm;
  const Bytes bytes = t.access.memory_bytes();
  switch (info_.tile_kind) {
    case program::TileKind::compute:
      (write ? traffic.core_write : traffic.core_read) += bytes;
      break;
    case program::TileKind::memory:
      (write ? traffic.memtile_write : traffic.memtile_read) += bytes;
      break;
    case program::TileKind::shim:
      (write ? traffic.ddr_write : traffic.ddr_read) += bytes;
      if (exec::LayerTimes* l = run_.layer(t.layer)) (write ? l->ddr_write : l->ddr_read) += bytes;
      break;
  }
}

}  // namespace tessera::models
