#include "sim/import/onnx_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

namespace tessera::import {
namespace {

namespace pb = google::protobuf;
constexpr const char* legal_file = "an ONNX model (.onnx or .onnx.gz)";

struct Descriptor {
  int fd;
  explicit Descriptor(int d) : fd(d) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

// protobuf prints what it dislikes; here it is part of the answer instead.
struct QuietProtobuf {
  pb::LogHandler* before = pb::SetLogHandler(nullptr);
  ~QuietProtobuf() { pb::SetLogHandler(before); }
};

Failure bad(const std::string& path, std::string what, std::string legal = legal_file) {
  return fail(ExitCode::bad_input, {path, "", std::move(what), std::move(legal)});
}

// What zlib unpacks, with its checksum and its end checked.
class Unpacked : public pb::io::CopyingInputStream {
 public:
  explicit Unpacked(int fd) : file_(gzdopen(dup(fd), "rb")) {}
  ~Unpacked() override {
    if (file_ != nullptr) gzclose(file_);
  }
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;

  int Read(void* buffer, int size) override {
    const int got = file_ == nullptr || failed_ ? -1 : gzread(file_, buffer, static_cast<unsigned>(size));
    if (file_ != nullptr && got <= 0) (void)gzerror(file_, &error_);
    failed_ = failed_ || got < 0 || error_ != Z_OK;
    total_ += std::max(got, 0);
    return total_ > max_unpacked_bytes ? -1 : got;
  }
  bool failed() const { return failed_; }
  bool too_large() const { return total_ > max_unpacked_bytes; }

 private:
  gzFile file_;
  int error_ = Z_OK;
  bool failed_ = false;
  std::int64_t total_ = 0;
};

std::optional<Failure> parse_packed(const std::string& path, int fd, onnx::ModelProto& model) {
  Unpacked unpacked(fd);
  pb::io::CopyingInputStreamAdaptor stream(&unpacked);
  const bool parsed = model.ParseFromZeroCopyStream(&stream);
  if (unpacked.too_large())
    return bad(path, fmt::format("unpacks to more than {} bytes", max_unpacked_bytes), "a smaller model, or unpacked");
  if (unpacked.failed())
    return bad(path, "is damaged or cut off: the compressed data ends early or is not what its checksum says");
  if (!parsed) return bad(path, "is no ONNX model, damaged or cut off");
  return std::nullopt;
}

}  // namespace

Expected<onnx::ModelProto> read_model(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not be waited for
  struct stat status {};
  if (file.fd < 0 || fstat(file.fd, &status) != 0)
    return bad(path, fmt::format("cannot be read: {}", std::strerror(errno)), "the path of " + std::string(legal_file));
  if (!S_ISREG(status.st_mode)) return bad(path, "is no file", "the path of " + std::string(legal_file));
  const QuietProtobuf quiet;
  onnx::ModelProto model;
  unsigned char magic[2] = {0, 0};
  if (pread(file.fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
    if (std::optional<Failure> failure = parse_packed(path, file.fd, model)) return *failure;
  } else {
    pb::io::FileInputStream stream(file.fd);
    if (!model.ParseFromZeroCopyStream(&stream)) return bad(path, "is no ONNX model, damaged or cut off");
  }
  if (!model.has_graph()) return bad(path, "has no graph");
  return model;
}

}  // namespace tessera::import
