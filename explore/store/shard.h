// Results of one task of a job array: DIR/shards/<launch>-<chunk>.jsonl, one checked line per finished run, appended by
// that task alone. Plain files, because SQLite must not be shared over a network file system.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/store/record.h"
#include "explore/store/store.h"

namespace tessera::explore {

class ShardWriter {
 public:
  static Expected<ShardWriter> open(const std::string& path);
  ShardWriter(ShardWriter&& other) noexcept;
  ShardWriter& operator=(ShardWriter&&) = delete;
  ~ShardWriter();

  // One line, on disk when this returns.
  std::optional<Failure> append(const RunRecord& run);

 private:
  ShardWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

// The whole lines of a shard (or of a chunk file, which has the same form); torn and damaged ones are left out.
std::vector<RunRecord> read_lines(const std::string& path);

// Paths of the shards of a sweep folder, sorted.
std::vector<std::string> shard_paths(const std::string& folder);

// Takes what the shards hold over into the store. Returns the number of runs.
Expected<int> merge_shards(Store& store, const std::string& folder);

}  // namespace tessera::explore
