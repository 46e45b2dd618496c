#include "sim/base/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

// Up to `most` bytes; a file that grows while it is read ends there. False: errno says why.
bool read_all(int file, std::size_t most, std::string& text) {
  text.resize(most);
  std::size_t at = 0;
  while (at < most) {
    const ssize_t n = ::read(file, text.data() + at, most - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    at += static_cast<std::size_t>(n);
  }
  text.resize(at);
  return true;
}
}  // namespace

Expected<std::string> read_text(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return unreadable(path);
  if (!S_ISREG(status.st_mode))
    return fail(ExitCode::bad_input, {path, "", fmt::format("this is {}", kind_of(status.st_mode)), "legal: a file"});
  if (status.st_size > largest_input_file)
    return fail(ExitCode::bad_input, {path, "", fmt::format("has {} bytes", status.st_size),
                                      fmt::format("legal: up to {}", largest_input_file)});
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return unreadable(path);
  std::string text;
  const bool good = read_all(file, static_cast<std::size_t>(status.st_size), text);
  const Failure failure = good ? Failure{} : unreadable(path);
  ::close(file);
  if (!good) return failure;
  return text;
}

}  // namespace base
}  // namespace tessera
