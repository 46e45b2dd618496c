// Programs that say nothing but who sends to whom, and in which layer.
#pragma once
#include <string>
#include <vector>

#include "sim/program/builder.h"
#include "sim/route/plan.h"
#include "sim/verify/findings.h"
#include "sim/verify/routes.h"

namespace tessera {

class Senders {
 public:
  explicit Senders(const arch::ArraySpec& array_of) : array(array_of), builder(array), device(array, builder.map()) {}

  // Sends `bytes` from a channel to others, all by name.
  int send(int layer, const std::string& from, const std::vector<std::string>& to, Bytes bytes = 64) {
    const program::EngineMap& map = builder.map();
    std::vector<program::EngineId> sinks;
    for (const std::string& name : to) sinks.push_back(map.find(name).value());
    const program::EngineId source = map.find(from).value();
    program::Transfer t;
    t.access = program::linear(0, bytes);
    t.layer = static_cast<std::int16_t>(layer);
    t.route = builder.route(source, sinks);
    builder.transfer(source, t);
    return t.route;
  }

  route::Plan plan() const { return plan_routes(builder.program(), device); }
  route::Plan plan_as_one() const { return route::plan_as_one(builder.program(), device); }
  // What the verifier says; empty: all right.
  std::optional<Failure> problem() const {
    verify::Findings findings(builder.program(), builder.map());
    verify::check_routes(builder.program(), device, plan(), findings);
    return findings.take();
  }
  std::string objection(const route::Routing& routing) const {
    verify::Findings findings(builder.program(), builder.map());
    verify::check_routing(builder.program(), device, routing, true, findings);
    const std::optional<Failure> wrong = findings.take();
    return wrong ? describe(*wrong) : "";
  }

  arch::ArraySpec array;
  program::ProgramBuilder builder;
  route::Device device;
};

// As the generic hardware file has it.
inline arch::ArraySpec array_of(int rows, int cols) {
  arch::ArraySpec array;
  array.rows = rows;
  array.cols = cols;
  array.memtile.dma.s2mm = array.memtile.dma.mm2s = 6;
  return array;
}

// With one link up from each memory tile.
inline arch::ArraySpec one_link_up(int rows, int cols, int arbiters) {
  arch::ArraySpec array = array_of(rows, cols);
  array.stream.memtile.north = 1;
  array.stream.arbiters = arbiters;
  return array;
}

// Registers that change before a set.
inline int written(const route::RouteSet& set) {
  std::size_t count = 0;
  for (const route::RegisterBlock& block : set.writes) count += block.changes.size();
  return static_cast<int>(count);
}

}  // namespace tessera
