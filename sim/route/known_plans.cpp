// Plans as bytes.
#include "sim/base/bytes.h"
#include "sim/base/hash.h"
#include "sim/route/plan.h"

namespace tessera::program {

template <class Archive>
void parts(Archive& archive, Route& route) {
  archive(route.source);
  archive(route.sinks);
}

}  // namespace tessera::program

namespace tessera::route {

template <class Archive>
void parts(Archive& archive, Period& period) {
  archive(period.first_layer);
  archive(period.last_layer);
  archive(period.layers);
  archive(period.cycles);
}

template <class Archive>
void parts(Archive& archive, Stream& stream) {
  archive(stream.source);
  archive(stream.routes);
}

template <class Archive>
void parts(Archive& archive, Built& built) {
  archive(built.routing.streams);
  archive(built.routing.trees);
  archive(built.routing.ids);
  archive(built.routing.packets);
  archive(built.cut_off);
  archive(built.overfull);
  archive(built.excess);
}

template <class Archive>
void parts(Archive& archive, RegisterChange& change) {
  archive(change.at);
  archive(change.from);
  archive(change.to);
}

template <class Archive>
void parts(Archive& archive, RegisterBlock& block) {
  archive(block.tile);
  archive(block.first);
  archive(block.words);
  archive(block.changes);
}

template <class Archive>
void parts(Archive& archive, RouteSet& set) {
  archive(set.first_layer);
  archive(set.last_layer);
  archive(set.routes);
  archive(set.layers);
  archive(set.cycles);
  archive(set.built);
  archive(set.writes);
  archive(set.impossible);
}

template <class Archive>
void parts(Archive& archive, KnownPlan& known) {
  archive(known.routes);
  archive(known.periods);
  archive(known.plan.sets);
}

std::optional<std::string> KnownPlans::written() const {
  if (last_ == nullptr) return std::nullopt;
  BytesOut plan, sealed;
  plan(*last_);
  const std::string bytes = plan.take();
  sealed(fnv1a(bytes));
  sealed(bytes);
  return sealed.take();
}

void KnownPlans::read(const std::string& bytes) {
  BytesIn sealed(bytes);
  std::uint64_t hash = 0;
  std::string inside;
  sealed(hash);
  sealed(inside);
  if (!sealed.ok() || hash != fnv1a(inside)) return;
  BytesIn plan(inside);
  KnownPlan known;
  plan(known);
  if (plan.ok()) known_.push_back(std::move(known));
}

}  // namespace tessera::route
