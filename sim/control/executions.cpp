#include "sim/control/executions.h"

#include <algorithm>
#include <limits>

namespace tessera::control {
namespace {

using program::Transfer;

// As many as ControlOp::joined counts.
constexpr std::size_t most_joined = std::numeric_limits<std::int16_t>::max();

bool follows(const Transfer& joined, const Transfer& t) {
  return joined.access.one_run() && t.access.one_run() && joined.release.lock < 0 && t.acquire.lock < 0 &&
         t.wait_count == 0 && joined.memory == t.memory &&
         joined.access.base + joined.access.memory_bytes() == t.access.base;
}

}  // namespace

ExecutionMaker::ExecutionMaker(const program::EngineProgram& engine, const std::vector<std::int32_t>& order,
                               const arch::DmaSpec& dma, bool outbound, const std::vector<bool>& joining)
    : engine_(engine), order_(order), most_(dma.max_length), outbound_(outbound), joining_(joining) {
  alone_.reserve(engine.transfers.size());
  for (const Transfer& t : engine.transfers) alone_.push_back(execution_of(t));
}

int ExecutionMaker::number(Known& known, const Transfer& t) const {
  return known.emplace(program::registers_of(t, outbound_), static_cast<int>(known.size())).first->second;
}

Execution ExecutionMaker::execution_of(const Transfer& joined) {
  Execution x;
  x.base = joined.access.base;
  x.bytes = joined.access.memory_bytes();
  x.rank = joined.access.rank;
  Transfer t = joined;
  t.access.base = 0;
  x.shape = number(shapes_, t);
  if (outbound_ || !t.access.one_run() || joining_[static_cast<std::size_t>(t.route)]) return x;
  t.access = program::linear(0, 4);
  x.run = number(runs_, t);
  return x;
}

std::vector<Execution> ExecutionMaker::executions(const std::vector<std::int32_t>& cuts) {
  std::vector<Execution> list;
  list.reserve(last_);
  Transfer joined;
  auto cut = cuts.begin();
  for (std::size_t first = 0; first < order_.size();) {
    const Transfer& begin = engine_.transfers[order_[first]];
    std::size_t next = first + 1;
    while (cut != cuts.end() && static_cast<std::size_t>(*cut) <= first) ++cut;
    const std::size_t end = cut == cuts.end() ? order_.size() : std::min(order_.size(), static_cast<std::size_t>(*cut));
    const bool joins = !outbound_ || joining_[static_cast<std::size_t>(begin.route)];
    for (; joins && next < std::min(end, first + most_joined); ++next) {
      const Transfer &before = next == first + 1 ? begin : joined, &t = engine_.transfers[order_[next]];
      if (!follows(before, t) || (outbound_ && t.route != begin.route)) break;
      const Bytes bytes = before.access.memory_bytes() + t.access.memory_bytes();
      if (bytes > most_) break;
      if (next == first + 1) joined = begin;
      joined.access = program::linear(joined.access.base, bytes);
      joined.release = t.release;
    }
    list.push_back(next == first + 1 ? alone_[order_[first]] : execution_of(joined));
    list.back().first = first;
    list.back().count = next - first;
    list.back().wait0 = begin.wait0;
    list.back().wait_count = begin.wait_count;
    list.back().layer = begin.layer;
    first = next;
  }
  last_ = list.size();
  return list;
}

}  // namespace tessera::control
