#include "explore/store/shard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "sim/base/input_file.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

Failure cannot_write(const std::string& path, int error) {
  return fail(ExitCode::bad_input, {path, "", fmt::format("cannot be written: {}", std::strerror(error)),
                                    "finished points are kept: free some space and run the same command again"});
}

}  // namespace

Expected<ShardWriter> ShardWriter::open(const std::string& path) {
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return cannot_write(path, errno);
  ShardWriter writer(fd, path);
  // A torn last line of a killed task must not swallow the next one.
  char last = '\n';
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n' && ::write(fd, "\n", 1) != 1)
    return cannot_write(path, errno);
  return writer;
}

ShardWriter::ShardWriter(ShardWriter&& other) noexcept : fd_(other.fd_), path_(std::move(other.path_)) {
  other.fd_ = -1;
}

ShardWriter::~ShardWriter() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<Failure> ShardWriter::append(const RunRecord& run) {
  const std::string line = to_line(run);
  for (std::size_t at = 0; at < line.size();) {
    const ssize_t n = ::write(fd_, line.data() + at, line.size() - at);
    if (n < 0 && errno != EINTR) return cannot_write(path_, errno);
    if (n > 0) at += static_cast<std::size_t>(n);
  }
  if (::fdatasync(fd_) != 0) return cannot_write(path_, errno);
  return std::nullopt;
}

std::vector<RunRecord> read_lines(const std::string& path) {
  std::vector<RunRecord> runs;
  const Expected<std::string> text = read_text(path);
  std::istringstream lines(text ? *text : "");
  for (std::string line; std::getline(lines, line);) {
    RunRecord run = from_line(line);
    if (!run.key.empty()) runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<std::string> shard_paths(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder + "/shards", none))
    if (entry.path().extension() == ".jsonl") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

Expected<int> merge_shards(Store& store, const std::string& folder) {
  int merged = 0;
  for (const std::string& path : shard_paths(folder))
    for (const RunRecord& run : read_lines(path)) {
      if (auto failure = store.record(run)) return *failure;
      ++merged;
    }
  return merged;
}

}  // namespace tessera::explore
