#include "sim/run/dense_decision.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

namespace tessera::run {
namespace {

void close_file(int& file) {
  if (file >= 0) close(file);
  file = -1;
}

bool write_all(int file, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = write(file, bytes.data() + sent, bytes.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

// True when a byte comes; false when nobody is left who could send one.
bool wait_for_byte(int file) {
  char byte = 0;
  ssize_t n = 0;
  while ((n = read(file, &byte, 1)) < 0 && errno == EINTR) {
  }
  return n == 1;
}

}  // namespace

std::string told(const DenseMapping& decided) {
  return fmt::format("{}\n", fmt::join(decided.ends, " ")) + decided.mapping;
}

DenseMapping heard(const std::string& text) {
  const std::size_t line = text.find('\n');
  DenseMapping decided;
  if (line == std::string::npos) return decided;
  std::istringstream ends(text.substr(0, line));
  for (Millicycles end = 0; ends >> end;) decided.ends.push_back(end);
  decided.mapping = text.substr(line + 1);
  return decided;
}

SharedDecision::SharedDecision() {
  int ends[2];
  text_ = memfd_create("mapping of the dense network", MFD_CLOEXEC);
  if (text_ < 0 || pipe(ends) != 0) return;
  read_end_ = ends[0];
  write_end_ = ends[1];
}

SharedDecision::~SharedDecision() {
  close_file(text_);
  close_file(read_end_);
  close_file(write_end_);
}

void SharedDecision::tell(const std::string& decided) {
  close_file(read_end_);
  if (write_end_ >= 0 && write_all(text_, decided)) write_all(write_end_, "1");
  close_file(write_end_);
}

std::optional<std::string> SharedDecision::wait() {
  close_file(write_end_);
  struct stat file {};
  if (read_end_ < 0 || !wait_for_byte(read_end_) || fstat(text_, &file) != 0) return std::nullopt;
  std::string mapping(static_cast<std::size_t>(file.st_size), '\0');
  const bool read_all = pread(text_, mapping.data(), mapping.size(), 0) == file.st_size;
  close_file(read_end_);
  if (!read_all) return std::nullopt;
  return mapping;
}

}  // namespace tessera::run
