#include "explore/slurm/queue.h"

#include <fmt/format.h>

#include <sstream>

#include "explore/slurm/command.h"
#include "explore/store/shard.h"
#include "sim/base/json_file.h"

namespace tessera::explore {
namespace {

// States of squeue(1). What is in neither list is taken to run: its files must not go.
const std::set<std::string> waiting_states = {"PENDING",      "REQUEUED",      "REQUEUE_HOLD", "REQUEUE_FED",
                                              "SPECIAL_EXIT", "RESV_DEL_HOLD", "SUSPENDED",    "STOPPED"};
const std::set<std::string> ended_states = {"",         "COMPLETED",     "CANCELLED", "FAILED",
                                            "TIMEOUT",  "NODE_FAIL",     "PREEMPTED", "BOOT_FAIL",
                                            "DEADLINE", "OUT_OF_MEMORY", "REVOKED"};

// Array index -> state of the tasks of a job that Slurm still knows as active.
Expected<std::map<int, std::string>> states_of(const std::string& job) {
  const CommandOutput output = run_command({"squeue", "--noheader", "--array", "--jobs=" + job, "--format=%K %T"});
  if (output.exit_code != 0 && output.text.find("Invalid job id") == std::string::npos)
    return fail(ExitCode::bad_input, {"", "squeue", "Slurm does not answer: " + output.text,
                                      "a login node of the cluster, with slurmctld running"});
  std::map<int, std::string> states;
  if (output.exit_code != 0) return states;  // a job that has left the queue
  std::istringstream lines(output.text);
  int index = 0;
  for (std::string state; lines >> index >> state;) states[index] = state;
  return states;
}

}  // namespace

Expected<TaskStates> ask_queue(const std::string& folder) {
  TaskStates result;
  std::map<std::string, std::map<int, std::string>> by_launch;
  for (const Chunk& chunk : open_chunks(folder)) {
    if (by_launch.find(chunk.launch) == by_launch.end()) {
      const Expected<Json> launch = read_json(folder + "/slurm/" + chunk.launch + "/launch.json");
      const std::string job = launch && launch->is_object() ? launch->value("job", "") : "";
      auto states = job.empty() ? Expected<std::map<int, std::string>>(std::map<int, std::string>()) : states_of(job);
      if (!states) return states.failure();
      by_launch[chunk.launch] = *states;
    }
    const auto& states = by_launch[chunk.launch];
    const auto found = states.find(chunk.index);
    const std::string state = found == states.end() ? "" : found->second;
    const bool waiting = waiting_states.count(state) > 0;
    const bool running = !waiting && ended_states.count(state) == 0;
    result.waiting += waiting;
    result.running += running;
    (waiting || running ? result.active : result.ended).push_back(chunk);
  }
  return result;
}

std::set<std::string> keys_of(const std::vector<Chunk>& chunks) {
  std::set<std::string> keys;
  for (const Chunk& chunk : chunks)
    for (const RunRecord& run : read_lines(chunk.path)) keys.insert(run.key);
  return keys;
}

int max_array_size() {
  const CommandOutput output = run_command({"scontrol", "show", "config"});
  const std::size_t at = output.text.find("MaxArraySize");
  if (output.exit_code != 0 || at == std::string::npos) return 1001;  // Slurm's default
  return std::max(2, std::atoi(output.text.c_str() + output.text.find('=', at) + 1));
}

}  // namespace tessera::explore
