#include "sim/schedule/trials.h"

#include <algorithm>

namespace tessera::schedule {

double whole(const LayerTimes& times) { return *std::max_element(times.ends.begin(), times.ends.end()); }

std::vector<double> layer_shares(const mapping::Mapping& mapping, const LayerTimes& times) {
  std::vector<double> shares(times.ends.size(), 0);
  double before = 0;
  for (const mapping::Step& step : mapping.steps) {
    const auto* c = std::get_if<mapping::Compute>(&step);
    if (c == nullptr) continue;
    double end = std::max(times.ends[c->layer], c->fused < 0 ? 0 : times.ends[c->fused]);
    for (const network::LayerId id : c->joins) end = std::max(end, times.ends[id]);
    shares[c->layer] += std::max(0.0, end - before);
    before = std::max(before, end);
  }
  return shares;
}

}  // namespace tessera::schedule
