// A sweep on a cluster: submit, look, merge, submit again what was lost. The store is only ever touched by the process
// that calls these, under the folder's lock.
#pragma once
#include <optional>
#include <string>

#include "explore/slurm/launch.h"
#include "explore/slurm/queue.h"
#include "explore/sweep/run_sweep.h"

namespace tessera::explore {

// Plans the sweep, merges what shards hold, and submits what is pending and in no active task.
Expected<Submission> submit_sweep(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options,
                                  const std::string& executable, const SlurmOptions& slurm);

// Takes the results of ended tasks into the store, then submits again what failed, was killed or got lost.
Expected<Submission> retry_on_cluster(const SweepOptions& options, const std::string& executable,
                                      const SlurmOptions& slurm);

// Why this machine should not run the sweep in `folder` now: tasks of a job array are at it. Nothing when there are
// none.
std::optional<Failure> busy_on_cluster(const std::string& folder);

// Points and runs by status as the store and the shards know them. Only reads.
Expected<Counts> counts_with_shards(const Store& store, const std::string& folder);

// Takes the shards into the store and writes table.csv.
Expected<SweepEnd> collect_sweep(const SweepOptions& options);

}  // namespace tessera::explore
