#include "sim/schedule/whole_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/mapping/tiling.h"
#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

void forced_problems(const network::Layer& l, const mapping::ForcedMapping& forced, std::vector<Problem>& found) {
  const std::string path = "schedule.layers." + l.name;
  if (forced.weights_stationary == true && !ops::sums_channels(l) && !ops::is_product(l))
    found.push_back({"", path + ".stationary", "is weights for a layer whose weights no sum over channels uses again",
                     "legal: input"});
  if (forced.zeros_kept && !ops::is_maskable(l))
    found.push_back({"", path + ".zeros", "is given for a layer whose weights have no blocks that may be zero",
                     "legal: convolutions without groups, and gemms"});
  const bool second = ops::operator_of(l).inputs == 2 || l.op == network::Op::conv2d;
  if (forced.buffers.operand.value_or(0) > 0 && !second)
    found.push_back({"", path + ".buffers.operand", "is given for a layer without a second operand", "legal: 0"});
}

}  // namespace

std::vector<Problem> whole_network_problems(const Request& r) {
  std::vector<Problem> found;
  std::vector<std::string> uncovered;
  for (const network::Layer& l : r.network.layers) {
    if (!l.is_int8())
      found.push_back({"", "schedule.policy",
                       fmt::format("is \"{}\", which schedules int8 only; layer {} is {} -> {}", r.spec.policy, l.name,
                                   type_name(l.in_type), type_name(l.out_type)),
                       "legal: " + policy_with(&RegisteredPolicy::products) + ", or i8 in and out"});
    else if (!ops::is_source(l) && !r.latency_model.covers(program::kernel_of(l.op), l))
      uncovered.push_back(l.name);
    if (const auto it = r.spec.layers.find(l.name); it != r.spec.layers.end()) forced_problems(l, it->second, found);
  }
  if (!uncovered.empty())
    found.push_back(
        {"", "hardware.kernels",
         fmt::format("has no kernel for layer {}{}", uncovered.front(),
                     uncovered.size() > 1 ? fmt::format(" and {} more", uncovered.size() - 1) : ""),
         fmt::format("it covers {}; legal for whole networks: peak, or a library that `tessera list kernels` "
                     "shows for int8 networks",
                     r.latency_model.coverage())});
  return found;
}

Expected<Schedule> run_passes(const Request& r, const arch::ArraySpec& array, const Policy& policy) {
  std::vector<std::vector<network::LayerId>> readers(r.network.layers.size());
  for (const network::Layer& l : r.network.layers)
    for (network::LayerId i : l.inputs)
      if (readers[i].empty() || readers[i].back() != l.id) readers[i].push_back(l.id);
  const Trials* trials = policy.searches() && r.spec.search != SearchKind::estimate ? r.trials : nullptr;
  return decide({r.network, array, r.latency_model, r.spec, policy, trials, std::move(readers)}, r.masks);
}

}  // namespace tessera::schedule
