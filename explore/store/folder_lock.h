// One writer per sweep folder: an flock on DIR/lock that vanishes with its process, however that ends.
#pragma once
#include <string>

#include "sim/base/error.h"

namespace tessera::explore {

class FolderLock {
 public:
  // Creates the folder if need be. Fails when another process holds it (naming it) or the folder cannot be written.
  static Expected<FolderLock> take(const std::string& folder);

  FolderLock(FolderLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

  // To be called in a forked child: an inherited descriptor would keep the lock beyond the parent's death.
  int descriptor() const { return fd_; }

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace tessera::explore
