// Runs of layers walked in tiles of rows, in the whole network: the estimate of a tile does not see what is under way
// for the layers before and behind it.
#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
Expected<Schedule> or_tiled(const Inputs& in, Search& search,
                            const std::vector<std::optional<sparsity::BlockMask>>& masks, Schedule usual) {
  const std::vector<DepthTiling> asked = search.depth_asked;
  double calls = 0;
  for (const OpenChoice& q : search.asked) calls += q.alternatives.front().calls;
  if (asked.empty() || calls * static_cast<double>(asked.size() + 1) > effort::network) return usual;
  const auto before = in.trials->run_times(in.network, masks, *usual.mapping);
  if (!before) return usual;
  double least = whole(*before);
  for (const DepthTiling& other : asked) {
    const std::map<network::LayerId, DepthTiling> known = search.depth;
    search.depth[other.first] = other;
    Expected<Schedule> s = decide_once(in, search, masks);
    const auto times = s ? in.trials->run_times(in.network, masks, *s->mapping) : std::nullopt;
    if (!times || whole(*times) >= least) {
      search.depth = known;
      continue;
    }
    least = whole(*times);
    usual = std::move(*s);
  }
  return usual;
}

}  // namespace tessera::schedule
