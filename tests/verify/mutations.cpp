#include "tests/verify/mutations.h"

#include <map>

#include "tests/verify/mutation_fixture.h"

namespace tessera {

std::vector<std::vector<TransferAt>> paired_transfers(const program::Program& p) {
  std::map<std::pair<program::EngineId, program::RouteId>, std::vector<int>> on_route;
  for (std::size_t e = 0; e < p.engines.size(); ++e)
    for (const program::Step& s : p.engines[e].steps)
      if (s.index >= 0 && !p.engines[e].transfers.empty())
        on_route[{static_cast<program::EngineId>(e), p.engines[e].transfers[s.index].route}].push_back(s.index);
  std::vector<std::vector<TransferAt>> all_pairs;
  for (std::size_t r = 0; r < p.routes.size(); ++r) {
    const auto id = static_cast<program::RouteId>(r);
    const auto& sources = on_route[{p.routes[r].source, id}];
    for (std::size_t n = 0; n < sources.size(); ++n) {
      std::vector<TransferAt> ends{{p.routes[r].source, sources[n]}};
      for (program::EngineId sink : p.routes[r].sinks) {
        const auto& list = on_route[{sink, id}];
        if (n < list.size()) ends.push_back({sink, list[n]});
      }
      if (ends.size() == p.routes[r].sinks.size() + 1) all_pairs.push_back(std::move(ends));
    }
  }
  return all_pairs;
}

const std::vector<Mutation>& mutations() {
  static const std::vector<Mutation> list = [] {
    std::vector<Mutation> all;
    mutating::add_data_mutations(all);
    mutating::add_call_mutations(all);
    mutating::add_order_mutations(all);
    mutating::add_hardware_mutations(all);
    return all;
  }();
  return list;
}

}  // namespace tessera
