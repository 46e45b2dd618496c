#include "sim/cli/target_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "sim/base/input_file.h"

namespace tessera::cli {
namespace {
namespace fs = std::filesystem;

Problem cannot_write(const std::string& path) {
  return {path, "", std::string("cannot be written: ") + std::strerror(errno), ""};
}

bool is_special(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) && !fs::is_regular_file(path, ignored);
}

// Where `path` leads through links, and the file beside it that is renamed to it.
fs::path place_of(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);  // a relative one without any folder would stay relative
  const fs::path place = fs::weakly_canonical(whole, error);
  return place.empty() ? fs::path(path) : place;
}
fs::path draft_of(const fs::path& place) {
  return place.parent_path() / fmt::format(".{}.{}{}", place.stem().string(), getpid(), place.extension().string());
}
}  // namespace

std::optional<Problem> unwritable(const std::string& path) {
  if (is_special(path)) {
    if (fs::is_directory(path)) return Problem{path, "", "is a folder", "legal: a file"};
    if (access(path.c_str(), W_OK) != 0) return cannot_write(path);
    return std::nullopt;
  }
  const fs::path draft = draft_of(place_of(path));
  const int file = open(draft.c_str(), O_WRONLY | O_CREAT, 0666);
  if (file < 0) return cannot_write(path);
  close(file);
  unlink(draft.c_str());
  return std::nullopt;
}

std::vector<Problem> unwritable_files(std::vector<std::string> paths, const std::vector<std::string>& inputs,
                                      const std::string& json_file) {
  if (json_file != standard_output) paths.insert(paths.begin(), json_file);
  std::vector<Problem> problems;
  std::set<fs::path> taken, read;
  bool asks_for_stream = false;  // said once, whoever asks
  for (const std::vector<std::string>& list : {inputs, files_read()})
    for (const std::string& path : list)
      if (!path.empty() && !is_special(path)) read.insert(place_of(path));
  for (const std::string& path : paths) {
    if (path.empty()) continue;
    if (path == standard_output) {
      if (std::exchange(asks_for_stream, true)) continue;
      problems.push_back(
          {"", path, "stands for standard output with --json alone", "legal: a file, as ./- or /dev/stdout"});
    } else if (std::optional<Problem> problem = unwritable(path)) {
      problems.push_back(std::move(*problem));
    } else if (read.count(place_of(path)) > 0) {
      problems.push_back({path, "", "is read by this command, and would be replaced", "legal: another file"});
    } else if (!is_special(path) && !taken.insert(place_of(path)).second) {
      problems.push_back({path, "", "is to be written twice", "legal: a file for each"});
    }
  }
  return problems;
}

std::optional<Failure> replace_file(const std::string& path,
                                    const std::function<std::optional<Failure>(const std::string&)>& write) {
  if (is_special(path)) return write(path);
  const fs::path place = place_of(path), draft = draft_of(place);
  std::optional<Failure> failure = write(draft.string());
  if (!failure && std::rename(draft.c_str(), place.c_str()) == 0) return std::nullopt;
  if (!failure) failure = fail(ExitCode::bad_input, cannot_write(path));
  for (Problem& problem : failure->problems)
    if (problem.file == draft.string()) problem.file = path;
  unlink(draft.c_str());
  return failure;
}

}  // namespace tessera::cli
