// A launch: the pending runs of a sweep cut into chunks, one task of a Slurm job array each.
//
//   DIR/slurm/001/launch.json      {"job": "123", "chunks": 40, "limits": {...}}
//   DIR/slurm/001/chunk-0.jsonl    the runs of task 0, resolved; removed once its results are in the store
//   DIR/slurm/001/job.sh, log-0.txt
//   DIR/shards/001-0.jsonl         what task 0 has finished
#pragma once
#include <set>
#include <string>
#include <vector>

#include "explore/pool/pool.h"
#include "explore/store/store.h"
#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

struct SlurmOptions {
  int chunk = 50;                   // runs of one task
  int limit = 0;                    // tasks that may run at the same time; 0: as many as Slurm likes
  std::vector<std::string> sbatch;  // further arguments of sbatch ("--partition=long")
};

struct Chunk {
  std::string launch;  // "001"
  int index = 0;
  std::string path;  // of the chunk file
  std::string shard;
};

// Chunks whose results are not all in the store yet, by launch and index.
std::vector<Chunk> open_chunks(const std::string& folder);

struct Submission {
  int runs = 0, tasks = 0, chunk = 0;
  std::string job;
};

// Writes the pending runs of the plan that stand in no active chunk as a new launch and submits it. `executable` is the
// tessera that the tasks call; the folder's path must be the same on all nodes.
Expected<Submission> submit_pending(const Store& store, const std::string& folder, const std::string& executable,
                                    const Limits& limits, const std::set<std::string>& active_keys,
                                    const SlurmOptions& options);

// What one task does: its chunk through the local pool into its shard; what the shard has already is skipped.
Expected<PoolEnd> run_chunk(const std::string& folder, const std::string& launch, int index, const PointRunner& runner,
                            const PoolOptions& options);

}  // namespace tessera::explore
