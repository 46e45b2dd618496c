#include "sim/control/executions.h"

#include <algorithm>
#include <unordered_map>

#include "sim/program/registers.h"

namespace tessera::control {
namespace {

using program::Transfer;

bool follows(const Transfer& joined, const Transfer& t) {
  return joined.access.one_run() && t.access.one_run() && joined.release.lock < 0 && t.acquire.lock < 0 &&
         t.wait_count == 0 && joined.memory == t.memory &&
         joined.access.base + joined.access.memory_bytes() == t.access.base;
}

class Numbering {
 public:
  explicit Numbering(bool outbound) : outbound_(outbound) {}
  Execution execution(const Transfer& joined, std::size_t first, std::size_t count) {
    Execution x;
    x.first = first;
    x.count = count;
    x.base = joined.access.base;
    x.bytes = joined.access.memory_bytes();
    x.rank = joined.access.rank;
    x.waits = joined.wait_count > 0;
    Transfer t = joined;
    t.access.base = 0;
    x.shape = number(shapes_, t);
    if (outbound_ || !t.access.one_run()) return x;
    t.access = program::linear(0, 4);
    x.run = number(runs_, t);
    return x;
  }

 private:
  struct Hash {
    std::size_t operator()(const program::Registers& r) const {
      std::uint64_t h = 0;
      for (const std::int64_t v : r) h = (h ^ static_cast<std::uint64_t>(v)) * 0x9fb21c651e98df25ull + (h >> 29);
      return static_cast<std::size_t>(h ^ (h >> 32));
    }
  };
  using Known = std::unordered_map<program::Registers, int, Hash>;  // never walked: its order means nothing
  int number(Known& known, const Transfer& t) const {
    return known.emplace(program::registers_of(t, outbound_), static_cast<int>(known.size())).first->second;
  }
  bool outbound_;
  Known shapes_, runs_;
};

}  // namespace

std::vector<Execution> executions_of(const program::EngineProgram& engine, const std::vector<std::int32_t>& order,
                                     const std::vector<std::int32_t>& cuts, const arch::DmaSpec& dma, bool outbound) {
  Numbering numbering(outbound);
  std::vector<Execution> list;
  auto cut = cuts.begin();
  for (std::size_t first = 0; first < order.size();) {
    Transfer joined = engine.transfers[order[first]];
    std::size_t next = first + 1;
    while (cut != cuts.end() && static_cast<std::size_t>(*cut) <= first) ++cut;
    const std::size_t end = cut == cuts.end() ? order.size() : std::min(order.size(), static_cast<std::size_t>(*cut));
    for (; !outbound && next < end; ++next) {
      const Transfer& t = engine.transfers[order[next]];
      const Bytes bytes = joined.access.memory_bytes() + t.access.memory_bytes();
      if (!follows(joined, t) || bytes > dma.max_length) break;
      joined.access = program::linear(joined.access.base, bytes);
      joined.release = t.release;
    }
    list.push_back(numbering.execution(joined, first, next - first));
    first = next;
  }
  return list;
}

}  // namespace tessera::control
