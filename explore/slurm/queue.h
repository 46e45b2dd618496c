// What Slurm says of the tasks of a sweep.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "explore/slurm/launch.h"

namespace tessera::explore {

struct TaskStates {
  int running = 0, waiting = 0;
  std::vector<Chunk> active;  // running or waiting
  std::vector<Chunk> ended;   // finished, cancelled, killed or lost
};

// Sorts the open chunks of a sweep folder by asking squeue about their jobs.
Expected<TaskStates> ask_queue(const std::string& folder);

// Keys of the runs of these chunks.
std::set<std::string> keys_of(const std::vector<Chunk>& chunks);

// Largest number of tasks of one array (MaxArraySize of the cluster).
int max_array_size();

}  // namespace tessera::explore
