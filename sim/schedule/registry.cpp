#include "sim/schedule/registry.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::schedule {
namespace {

std::vector<RegisteredPolicy>& registered() {
  static std::vector<RegisteredPolicy> list;
  return list;
}

}  // namespace

bool register_policy(RegisteredPolicy policy) {
  auto& list = registered();
  const auto at = std::find_if(list.begin(), list.end(), [&](const auto& p) { return p.name > policy.name; });
  list.insert(at, std::move(policy));
  return true;
}

const std::vector<RegisteredPolicy>& policies() { return registered(); }

const RegisteredPolicy* find_policy(const std::string& name) {
  const auto& list = registered();
  const auto it = std::find_if(list.begin(), list.end(), [&](const auto& p) { return p.name == name; });
  return it == list.end() ? nullptr : &*it;
}

std::string policy_with(bool RegisteredPolicy::*property) {
  for (const RegisteredPolicy& p : registered())
    if (p.*property) return p.name;
  return "";
}

const char* search_name(SearchKind kind) {
  switch (kind) {
    case SearchKind::estimate:
      return "estimate";
    case SearchKind::layers:
      return "layers";
    case SearchKind::network:
      return "network";
  }
  return "";
}

std::vector<std::string> search_names() {
  std::vector<std::string> names;
  for (const SearchKind kind : {SearchKind::estimate, SearchKind::layers, SearchKind::network})
    names.emplace_back(search_name(kind));
  return names;
}

SearchKind find_search(const std::string& name) {
  const std::vector<std::string> names = search_names();
  return static_cast<SearchKind>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const RegisteredPolicy& p : registered()) names.push_back(p.name);
  return names;
}

std::vector<Problem> schedule_problems(const network::Network& network,
                                       const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                       const cost::LatencyModel& latency_model, const ScheduleSpec& spec) {
  if (const RegisteredPolicy* policy = find_policy(spec.policy))
    return policy->problems({network, masks, latency_model, spec});
  return {{"", "schedule.policy", "unknown policy \"" + spec.policy + "\"",
           fmt::format("legal: {}", fmt::join(policy_names(), ", "))}};
}

Expected<Schedule> decide_schedule(const network::Network& network,
                                   const std::vector<std::optional<sparsity::BlockMask>>& masks,
                                   const arch::ArraySpec& array, const cost::LatencyModel& latency_model,
                                   const ScheduleSpec& spec, const Trials* trials) {
  if (std::vector<Problem> problems = schedule_problems(network, masks, latency_model, spec); !problems.empty())
    return Failure{ExitCode::bad_input, std::move(problems)};
  Expected<Schedule> schedule = find_policy(spec.policy)->decide({network, masks, latency_model, spec, trials}, array);
  if (schedule && schedule->mapping) note_imbalance(*schedule, network, masks, array.rows);
  return schedule;
}

}  // namespace tessera::schedule
