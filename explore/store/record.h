// One run (one density of one resolved config) as it is stored: in the SQLite store and, on a cluster, in shards.
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::explore {

// Status of a run. `done` has a result; `pending` has not run yet; every other one has a reason.
namespace status {
constexpr const char* pending = "pending";
constexpr const char* done = "done";
constexpr const char* invalid = "invalid";            // the config is refused
constexpr const char* does_not_fit = "does_not_fit";  // the network does not fit the array
constexpr const char* deadlock = "deadlock";
constexpr const char* failed = "failed";  // the simulator refused its own result
constexpr const char* crashed = "crashed";
constexpr const char* timeout = "timeout";
constexpr const char* out_of_memory = "out_of_memory";
}  // namespace status

// Whether another attempt at the same input may end otherwise.
inline bool worth_retrying(const std::string& s) {
  return s == status::crashed || s == status::timeout || s == status::out_of_memory || s == status::failed;
}

// All problems of a failure as the reason of a row: one line; of a file only its name, no path of this machine.
std::string one_line(const Failure& failure);

struct RunRecord {
  std::string key;
  bool dense = false;
  std::string config;  // resolved config (JSON text); of an invalid point the overrides
  std::string status = status::pending;
  std::string reason;
  int attempts = 0;
  double seconds = 0;    // wall time of the last attempt
  double memory_mb = 0;  // peak resident memory of the last attempt
  std::string program_hash;
  std::string result;  // JSON object: numbers by name, without layers
  std::string layers;  // JSON list
  std::string build;   // which build of the simulator ran it
};

// Checksum over all of the above but attempts, seconds and memory.
std::string record_checksum(const RunRecord& record);

// One line of JSON with its checksum, and back; an empty key means that the line is torn or damaged.
std::string to_line(const RunRecord& record);
RunRecord from_line(const std::string& line);

// One point of the plan: where it stands and which runs answer it.
struct PlanEntry {
  std::string key;
  std::string baseline;     // key of the dense run; empty for an invalid point
  std::string coordinates;  // JSON list: one value per axis
};

}  // namespace tessera::explore
