#include "explore/sweep/check_sweep.h"

namespace tessera::explore {

std::optional<Failure> check_sweep(const Sweep& sweep, const PointRunner& runner) {
  if (const auto base = runner.resolve({}); !base) return base.failure();
  Failure failure;
  for (const AxisGroup& group : sweep.space.groups)
    for (const Axis& axis : group.axes) {
      const auto point = runner.resolve({{axis.path, axis.values.front()}});
      if (point) continue;
      for (const Problem& p : point.failure().problems)
        if (p.what.rfind("unknown key", 0) == 0)
          failure.problems.push_back({sweep.file, "axes." + axis.path, p.what, p.legal});
    }
  if (failure.problems.empty()) return std::nullopt;
  return failure;
}

}  // namespace tessera::explore
