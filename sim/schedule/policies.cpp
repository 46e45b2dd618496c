// Policies by name. `best` and `published` answer what the scheduler's driver asks (policy.h); `object_fifo` lays out
// whole networks of its own forms.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/schedule/network_pass.h"
#include "sim/schedule/object_fifo/object_fifo.h"

namespace tessera::schedule {
namespace {

const std::string fifo_policy = "object_fifo";

const std::map<std::string, const Policy*>& driven() {
  static const std::map<std::string, const Policy*> by_name{{"best", &best_policy()},
                                                            {"published", &published_policy()}};
  return by_name;
}

std::vector<Problem> driven_problems(const network::Network& network, const cost::KernelLaw& law,
                                     const ScheduleSpec& spec) {
  std::vector<Problem> found;
  std::vector<std::string> uncovered;
  for (const network::Layer& l : network.layers) {
    if (!l.is_int8())
      found.push_back({"", "schedule.policy",
                       fmt::format("is \"{}\", which schedules int8 only; layer {} is {} -> {}", spec.policy, l.name,
                                   type_name(l.in_type), type_name(l.out_type)),
                       "legal: " + fifo_policy + ", or i8 in and out"});
    else if (l.op != network::Op::input && !law.covers(program::kernel_of(l.op), l))
      uncovered.push_back(l.name);
  }
  if (!uncovered.empty())
    found.push_back({"", "hardware.kernels",
                     fmt::format("has no kernel for layer {}{}", uncovered.front(),
                                 uncovered.size() > 1 ? fmt::format(" and {} more", uncovered.size() - 1) : ""),
                     fmt::format("it covers {}; legal for whole networks: peak, measured", law.coverage())});
  for (const auto& [name, forced] : spec.layers)
    for (const auto& [key, given] : {std::pair{"keeps", forced.keeps.has_value()}, {"buffers", forced.buffers.any()}})
      if (given)
        found.push_back({"", fmt::format("schedule.layers.{}.{}", name, key),
                         "is decided by schedule.policy=" + spec.policy + " itself",
                         "legal: with schedule.policy=" + fifo_policy});
  return found;
}

}  // namespace

std::vector<std::string> policy_names() {
  std::vector<std::string> names{fifo_policy};
  for (const auto& [name, policy] : driven()) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Problem> schedule_problems(const network::Network& network,
                                       const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                       const cost::KernelLaw& law, const ScheduleSpec& spec) {
  if (spec.policy == fifo_policy) return object_fifo::problems(network, masks, law, spec);
  if (driven().count(spec.policy) > 0) return driven_problems(network, law, spec);
  return {{"", "schedule.policy", "unknown policy \"" + spec.policy + "\"",
           fmt::format("legal: {}", fmt::join(policy_names(), ", "))}};
}

Expected<Schedule> decide_schedule(const network::Network& network,
                                   const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                   const arch::ArraySpec& array, const cost::KernelLaw& law, const ScheduleSpec& spec) {
  if (std::vector<Problem> problems = schedule_problems(network, masks, law, spec); !problems.empty())
    return Failure{ExitCode::bad_input, std::move(problems)};
  if (spec.policy == fifo_policy) return object_fifo::schedule(network, array, law, spec);
  std::vector<std::vector<network::LayerId>> readers(network.layers.size());
  for (const network::Layer& l : network.layers)
    for (network::LayerId i : l.inputs)
      if (readers[i].empty() || readers[i].back() != l.id) readers[i].push_back(l.id);
  return decide({network, array, law, spec, *driven().at(spec.policy), std::move(readers)}, masks);
}

}  // namespace tessera::schedule
