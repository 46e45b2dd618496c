#include "sim/program/hash.h"

#include <fmt/format.h>

#include "sim/program/walk.h"

namespace tessera::program {
namespace {

// One multiply-and-fold round per 64-bit field, in the manner of wyhash; strings byte by byte with their length.
class HashSink {
 public:
  void operator()(std::int64_t value) {
    state_ = (state_ ^ static_cast<std::uint64_t>(value)) * 0x9fb21c651e98df25ull;
    state_ ^= state_ >> 29;
  }
  void operator()(const std::string& text) {
    (*this)(static_cast<std::int64_t>(text.size()));
    for (char c : text) (*this)(static_cast<std::int64_t>(static_cast<unsigned char>(c)));
  }
  std::uint64_t value() const {
    std::uint64_t z = state_ * 0xd6e8feb86659fd93ull;
    return z ^ (z >> 32);
  }

 private:
  std::uint64_t state_ = 0x2d358dccaa6c78a5ull;
};

}  // namespace

std::uint64_t program_hash(const Program& program) {
  HashSink sink;
  ProgramWalk<HashSink>(sink, program).all();
  return sink.value();
}

std::string hash_text(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

}  // namespace tessera::program
