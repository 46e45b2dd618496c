// Policies by name. Each is one file that registers itself (policies/, designs/); nothing else knows one by its name.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/schedule/schedule.h"

namespace tessera::schedule {

// A network with its masks, the kernels and what the config says; the array is known when it is decided for.
struct Request {
  const network::Network& network;
  const std::vector<std::optional<sparsity::BlockMask>>& masks;
  const cost::LatencyModel& latency_model;
  const ScheduleSpec& spec;
  const Trials* trials = nullptr;
};

struct RegisteredPolicy {
  std::string name;
  std::string meaning;  // one line
  // Which keys of a config's schedule it follows.
  bool balances = false;        // balance
  bool tiles_in_depth = false;  // depth_first
  bool walks_forced = false;    // depth
  bool reads_mapping = false;   // mapping: it does what a file says
  bool products = false;        // lays out products of other types than int8
  bool accounting = false;      // whose mapping the published accounting defines
  const char* estimate = "";    // how its estimate compares with simulations
  // What keeps it from scheduling, whatever the array; every problem, with paths of a run config.
  std::vector<Problem> (*problems)(const Request&) = nullptr;
  // The mapping, or a program of its own.
  Expected<Schedule> (*decide)(const Request&, const arch::ArraySpec&) = nullptr;
  bool searches = false;  // search: trials may decide
};

// Returns true, so that a file can register its policy by initializing a constant.
bool register_policy(RegisteredPolicy policy);
const std::vector<RegisteredPolicy>& policies();  // by name
const RegisteredPolicy* find_policy(const std::string& name);
// The first, by name, with a property: for problems that say what would be legal.
std::string policy_with(bool RegisteredPolicy::*property);

}  // namespace tessera::schedule
