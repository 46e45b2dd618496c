#include "explore/store/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace tessera::explore {

Expected<FolderLock> FolderLock::take(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ExitCode::bad_input, {folder, "", fmt::format("the folder cannot be made: {}", error.message()),
                                      "a folder that can be written; choose one with --out"});
  const std::string path = folder + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(ExitCode::bad_input, {folder, "", fmt::format("the folder cannot be written: {}", std::strerror(errno)),
                                      "a folder that can be written; choose one with --out"});
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char holder[64] = {};
    const ssize_t n = ::pread(fd, holder, sizeof holder - 1, 0);
    ::close(fd);
    return fail(ExitCode::bad_input,
                {folder, "", fmt::format("another sweep works in this folder (process {})", n > 0 ? holder : "unknown"),
                 "wait for it, stop it, or choose another folder with --out"});
  }
  const std::string self = std::to_string(::getpid());
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, self.data(), self.size(), 0);  // only for the message above
  return FolderLock(fd);
}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace tessera::explore
