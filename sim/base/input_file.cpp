#include "sim/base/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

namespace tessera {
inline namespace base {
namespace {

Failure unreadable(const std::string& path) {
  return fail(ExitCode::bad_input, {path, "", std::string("cannot be read: ") + std::strerror(errno), ""});
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Up to `most` bytes from `offset` on; a file that grows while it is read ends there. False: errno says why.
bool read_all(int file, std::int64_t offset, std::size_t most, std::string& text) {
  text.resize(most);
  std::size_t at = 0;
  while (at < most) {
    const ssize_t n = ::pread(file, text.data() + at, most - at, static_cast<off_t>(offset) + static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    at += static_cast<std::size_t>(n);
  }
  text.resize(at);
  return true;
}

// Paths of files that were read. Readers may run side by side.
struct Journal {
  std::mutex mutex;
  std::set<std::string> paths;
};
Journal& journal() {
  static Journal journal;
  return journal;
}

// `size` bytes from `offset` on; less than 0: all.
Expected<std::string> read_file(const std::string& path, std::int64_t offset, std::int64_t size) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return unreadable(path);
  if (!S_ISREG(status.st_mode))
    return fail(ExitCode::bad_input, {path, "", fmt::format("this is {}", kind_of(status.st_mode)), "legal: a file"});
  if (size < 0) size = status.st_size;
  if (size > largest_input_file)
    return fail(ExitCode::bad_input,
                {path, "", fmt::format("has {} bytes", size), fmt::format("legal: up to {}", largest_input_file)});
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return unreadable(path);
  std::string text;
  const bool good = read_all(file, offset, static_cast<std::size_t>(size), text);
  const Failure failure = good ? Failure{} : unreadable(path);
  ::close(file);
  if (!good) return failure;
  const std::lock_guard lock(journal().mutex);
  journal().paths.insert(path);
  return text;
}
}  // namespace

std::vector<std::string> files_read() {
  const std::lock_guard lock(journal().mutex);
  return {journal().paths.begin(), journal().paths.end()};
}

Expected<std::string> read_text(const std::string& path) { return read_file(path, 0, -1); }

Expected<std::string> read_part(const std::string& path, std::int64_t offset, std::int64_t size) {
  Expected<std::string> text = read_file(path, offset, size);
  if (text && static_cast<std::int64_t>(text->size()) < size)
    return fail(ExitCode::bad_input, {path, "", fmt::format("ends before byte {}", offset + size), ""});
  return text;
}

}  // namespace base
}  // namespace tessera
