#include "explore/slurm/cluster_sweep.h"

#include <fmt/format.h>

#include <filesystem>

#include "explore/store/folder_lock.h"
#include "explore/store/shard.h"
#include "sim/base/message.h"

namespace tessera::explore {
namespace {

// An ended chunk whose shard is in the store has said all it will ever say: its files go, so that a later merge cannot
// bring an old failure back.
Expected<std::set<std::string>> settle(Store& store, const std::string& folder) {
  const auto tasks = ask_queue(folder);
  if (!tasks) return tasks.failure();
  if (const auto merged = merge_shards(store, folder); !merged) return merged.failure();
  for (const Chunk& chunk : tasks->ended) {
    std::error_code ignored;
    std::filesystem::remove(chunk.path, ignored);
    std::filesystem::remove(chunk.shard, ignored);
  }
  return keys_of(tasks->active);
}

}  // namespace

Expected<Submission> submit_sweep(const Sweep& sweep, const PointRunner& runner, const SweepOptions& options,
                                  const std::string& executable, const SlurmOptions& slurm) {
  auto lock = FolderLock::take(options.folder);
  if (!lock) return lock.failure();
  std::string notice;
  auto store = Store::open(options.folder, notice);
  if (!store) return store.failure();
  if (!notice.empty()) message(options.messages, "{}\n", notice);
  if (auto failure = store_plan(*store, sweep, runner, options)) return *failure;
  if (auto failure = write_axes(sweep, runner, options.folder)) return *failure;
  const auto active = settle(*store, options.folder);
  if (!active) return active.failure();
  return submit_pending(*store, options.folder, executable, sweep.limits, *active, slurm);
}

Expected<Submission> retry_on_cluster(const SweepOptions& options, const std::string& executable,
                                      const SlurmOptions& slurm) {
  auto lock = FolderLock::take(options.folder);
  if (!lock) return lock.failure();
  std::string notice;
  auto store = Store::open(options.folder, notice);
  if (!store) return store.failure();
  if (!notice.empty()) message(options.messages, "{}\n", notice);
  const auto active = settle(*store, options.folder);
  if (!active) return active.failure();
  const auto reset = store->reset_failed(*active);
  if (!reset) return reset.failure();
  name_missing(*store, options);
  const auto text = store->sweep_text();
  if (!text) return text.failure();
  return submit_pending(*store, options.folder, executable, limits_of(*text), *active, slurm);
}

std::optional<Failure> busy_on_cluster(const std::string& folder) {
  if (open_chunks(folder).empty()) return std::nullopt;
  const auto tasks = ask_queue(folder);
  if (!tasks) return tasks.failure();
  if (tasks->active.empty()) return std::nullopt;
  return fail(ExitCode::bad_input,
              {folder, "", fmt::format("{} tasks of a job array are at this sweep", tasks->active.size()),
               "wait for them (tessera sweep status), cancel them (scancel), or another folder with --out"});
}

Expected<Counts> counts_with_shards(const Store& store, const std::string& folder) {
  const auto plan = store.plan();
  if (!plan) return plan.failure();
  auto statuses = store.statuses();
  if (!statuses) return statuses.failure();
  for (const std::string& path : shard_paths(folder))
    for (const RunRecord& run : read_lines(path)) {
      const auto found = statuses->find(run.key);
      if (found != statuses->end()) found->second = run.status;
    }
  return count(*plan, *statuses);
}

Expected<SweepEnd> collect_sweep(const SweepOptions& options) {
  if (auto none = Store::read(options.folder); !none) return none.failure();
  auto lock = FolderLock::take(options.folder);
  if (!lock) return lock.failure();
  std::string notice;
  auto store = Store::open(options.folder, notice);
  if (!store) return store.failure();
  if (!notice.empty()) message(options.messages, "{}\n", notice);
  if (const auto merged = merge_shards(*store, options.folder); !merged) return merged.failure();
  if (auto empty = emptied_plan(*store, options.folder)) return *empty;
  return collect(*store, options.folder, false);
}

}  // namespace tessera::explore
