// Convolutions computed as one, in the whole network: apart they may alternate with layers of other branches, and parts
// of unequal size need more of what controllers write; estimates see neither.
#include <algorithm>
#include <numeric>

#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;
using Group = std::vector<network::LayerId>;

using Joinings = std::map<network::LayerId, Joining>;

std::vector<Group> joined_layers(const mapping::Mapping& m) {
  std::vector<Group> groups;
  for (const mapping::Step& step : m.steps) {
    const auto* c = std::get_if<mapping::Compute>(&step);
    if (c == nullptr || c->joins.empty()) continue;
    groups.push_back({c->layer});
    groups.back().insert(groups.back().end(), c->joins.begin(), c->joins.end());
  }
  return groups;
}

// A mapping of the network and its trial.
struct Tried {
  Schedule schedule;
  double cycles = 0;
  std::vector<double> shares;
  Joinings joining;
};

std::optional<Tried> tried(const Inputs& in, const Masks& masks, Schedule s, Joinings joining) {
  const auto times = in.trials->run_times(in.network, masks, *s.mapping);
  if (!times) return std::nullopt;
  std::vector<double> shares = layer_shares(*s.mapping, *times);
  return Tried{std::move(s), whole(*times), std::move(shares), std::move(joining)};
}

std::optional<Tried> with(const Inputs& in, Search& search, const Masks& masks, const Joinings& joining) {
  search.joining = joining;
  Expected<Schedule> s = decide_once(in, search, masks);
  if (!s) return std::nullopt;
  return tried(in, masks, std::move(*s), joining);
}

double share_of(const Group& group, const std::vector<double>& shares) {
  return std::accumulate(group.begin(), group.end(), 0.0,
                         [&](double sum, network::LayerId id) { return sum + shares[static_cast<std::size_t>(id)]; });
}

}  // namespace

Expected<Schedule> or_apart(const Inputs& in, Search& search, const Masks& masks, Schedule joined) {
  const std::vector<Group> groups = joined_layers(*joined.mapping);
  double calls = 0;
  for (const OpenChoice& q : search.asked) calls += q.alternatives.front().calls;
  const Joining usual = usual_joining(in.array);
  if (groups.empty() || (usual == Joining::at_will && calls > effort::joined)) return joined;
  std::vector<Tried> all;
  if (auto first = tried(in, masks, joined, {})) all.push_back(std::move(*first));
  for (const Joining j : {Joining::evenly, Joining::apart, Joining::not_at_all}) {
    if (j == usual) continue;
    Joinings joining;
    for (const Group& g : groups)
      for (const network::LayerId id : g) joining[id] = j;
    if (auto t = with(in, search, masks, joining)) all.push_back(std::move(*t));
  }
  // Of each group what it was fastest with.
  Joinings mixed;
  for (const Group& g : groups) {
    const auto less = [&](const Tried& a, const Tried& b) { return share_of(g, a.shares) < share_of(g, b.shares); };
    const auto best = std::min_element(all.begin(), all.end(), less);
    for (const network::LayerId id : g)
      if (best != all.end() && best->joining.count(id) > 0) mixed[id] = best->joining.at(id);
  }
  if (std::none_of(all.begin(), all.end(), [&](const Tried& t) { return t.joining == mixed; }))
    if (auto t = with(in, search, masks, mixed)) all.push_back(std::move(*t));
  const auto least =
      std::min_element(all.begin(), all.end(), [](const Tried& a, const Tried& b) { return a.cycles < b.cycles; });
  if (least == all.end()) return joined;
  search.joining = least->joining;
  return std::move(least->schedule);
}

}  // namespace tessera::schedule
