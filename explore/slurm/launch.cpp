#include "explore/slurm/launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "explore/collect/table.h"
#include "explore/slurm/command.h"
#include "explore/slurm/queue.h"
#include "explore/store/shard.h"
#include "sim/base/json_file.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

std::string shard_path(const std::string& folder, const std::string& launch, int index) {
  return fmt::format("{}/shards/{}-{}.jsonl", folder, launch, index);
}

std::string chunk_path(const std::string& folder, const std::string& launch, int index) {
  return fmt::format("{}/slurm/{}/chunk-{}.jsonl", folder, launch, index);
}

std::string next_launch(const std::string& folder) {
  for (int n = 1;; ++n) {
    const std::string name = fmt::format("{:03}", n);
    if (!fs::exists(folder + "/slurm/" + name)) return name;
  }
}

std::string quoted(const std::string& word) {
  std::string result = "'";
  for (char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// Writes the chunk files; returns their number.
Expected<int> write_chunks(const Store& store, const std::string& folder, const std::string& launch,
                           const std::vector<std::string>& keys, int chunk) {
  int index = 0;
  for (std::size_t at = 0; at < keys.size(); at += static_cast<std::size_t>(chunk), ++index) {
    std::string text;
    for (std::size_t i = at; i < std::min(keys.size(), at + static_cast<std::size_t>(chunk)); ++i) {
      const auto run = store.run(keys[i]);
      if (!run) return run.failure();
      text += to_line(*run);
    }
    if (auto failure = write_file(chunk_path(folder, launch, index), text)) return *failure;
  }
  return index;
}

}  // namespace

std::vector<Chunk> open_chunks(const std::string& folder) {
  std::vector<Chunk> chunks;
  std::error_code none;
  for (const auto& launch : fs::directory_iterator(folder + "/slurm", none))
    for (const auto& file : fs::directory_iterator(launch.path(), none)) {
      const std::string name = file.path().filename().string();
      if (name.rfind("chunk-", 0) != 0 || file.path().extension() != ".jsonl") continue;
      Chunk chunk{launch.path().filename().string(), std::atoi(name.c_str() + 6), file.path().string(), ""};
      chunk.shard = shard_path(folder, chunk.launch, chunk.index);
      chunks.push_back(std::move(chunk));
    }
  std::sort(chunks.begin(), chunks.end(), [](const Chunk& a, const Chunk& b) {
    return a.launch != b.launch ? a.launch < b.launch : a.index < b.index;
  });
  return chunks;
}

Expected<Submission> submit_pending(const Store& store, const std::string& folder, const std::string& executable,
                                    const Limits& limits, const std::set<std::string>& active_keys,
                                    const SlurmOptions& options) {
  auto keys = store.pending();
  if (!keys) return keys.failure();
  keys->erase(
      std::remove_if(keys->begin(), keys->end(), [&](const std::string& k) { return active_keys.count(k) > 0; }),
      keys->end());
  Submission submission;
  submission.runs = static_cast<int>(keys->size());
  if (keys->empty()) return submission;
  const int most = max_array_size() - 1;
  submission.chunk = std::max(options.chunk, (submission.runs + most - 1) / most);

  const std::string launch = next_launch(folder);
  const std::string place = folder + "/slurm/" + launch;
  std::error_code error;
  fs::create_directories(place, error);
  fs::create_directories(folder + "/shards", error);
  const auto tasks = write_chunks(store, folder, launch, *keys, submission.chunk);
  if (!tasks) return tasks.failure();
  submission.tasks = *tasks;

  const std::string script =
      fmt::format("#!/bin/sh\nexec {} sweep task {} {} \"$SLURM_ARRAY_TASK_ID\" -j \"${{SLURM_CPUS_PER_TASK:-1}}\"\n",
                  quoted(executable), quoted(folder), launch);
  if (auto failure = write_file(place + "/job.sh", script)) return *failure;
  Json record = {
      {"job", ""},
      {"chunks", *tasks},
      {"limits", {{"seconds", limits.seconds}, {"memory_mb", limits.memory_mb}, {"retries", limits.retries}}}};
  if (auto failure = write_file(place + "/launch.json", record.dump() + "\n")) return *failure;

  std::vector<std::string> words = {"sbatch", "--parsable", "--job-name=tessera", "--open-mode=append",
                                    "--output=" + place + "/log-%a.txt"};
  words.push_back(
      fmt::format("--array=0-{}{}", *tasks - 1, options.limit > 0 ? fmt::format("%{}", options.limit) : ""));
  words.insert(words.end(), options.sbatch.begin(), options.sbatch.end());
  words.push_back(place + "/job.sh");
  const CommandOutput output = run_command(words);
  if (output.exit_code != 0) {
    fs::remove_all(place, error);
    return fail(ExitCode::bad_input, {"", "sbatch", "the job array was not accepted: " + output.text,
                                      "a cluster with Slurm; further arguments of sbatch with --sbatch"});
  }
  submission.job = output.text.substr(0, output.text.find_first_of(";\n"));  // "job[;cluster]"
  record["job"] = submission.job;
  if (auto failure = write_file(place + "/launch.json", record.dump() + "\n")) return *failure;
  return submission;
}

Expected<PoolEnd> run_chunk(const std::string& folder, const std::string& launch, int index, const PointRunner& runner,
                            const PoolOptions& options) {
  const std::string path = chunk_path(folder, launch, index);
  std::vector<RunRecord> runs = read_lines(path);
  if (runs.empty())
    return fail(ExitCode::bad_input,
                {path, "", "holds no runs", "a chunk that `tessera sweep --launcher slurm` wrote"});
  auto shard = ShardWriter::open(shard_path(folder, launch, index));
  if (!shard) return shard.failure();
  std::set<std::string> done;
  for (const RunRecord& run : read_lines(shard_path(folder, launch, index))) done.insert(run.key);
  std::size_t next = 0;
  const RunSource source = [&]() -> Expected<std::optional<RunRecord>> {
    while (next < runs.size() && done.count(runs[next].key) > 0) ++next;
    if (next == runs.size()) return std::optional<RunRecord>();
    return std::optional<RunRecord>(std::move(runs[next++]));
  };
  const Expected<Json> record_file = read_json(folder + "/slurm/" + launch + "/launch.json");
  const Json record = record_file ? *record_file : Json();
  PoolOptions pool = options;
  if (record.is_object() && record.contains("limits")) {
    const Json& limits = record["limits"];
    pool.limits = {limits.value("seconds", pool.limits.seconds), limits.value("memory_mb", pool.limits.memory_mb),
                   limits.value("retries", pool.limits.retries)};
  }
  return run_pool(
      source, runner, [&](const RunRecord& run) { return shard->append(run); }, pool);
}

}  // namespace tessera::explore
