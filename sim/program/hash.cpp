#include "sim/program/hash.h"

#include <fmt/format.h>

#include "sim/program/walk.h"

namespace tessera {
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

class ListSink {
 public:
  void operator()(std::int64_t value) { values_.push_back(value); }
  void operator()(const std::string& text) {
    values_.push_back(static_cast<std::int64_t>(text.size()));
    values_.insert(values_.end(), text.begin(), text.end());
  }
  bool operator==(const ListSink& other) const { return values_ == other.values_; }

 private:
  std::vector<std::int64_t> values_;
};

template <class Part>
bool same_part(const Program& a, const Program& b, const Part& part) {
  ListSink left, right;
  ProgramWalk<ListSink> walk_left(left, a), walk_right(right, b);
  part(walk_left, a);
  part(walk_right, b);
  return left == right;
}

}  // namespace

std::uint64_t program_hash(const Program& program) {
  HashSink sink;
  ProgramWalk<HashSink>(sink, program).all();
  return sink.value();
}

std::string hash_text(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

bool same_program(const Program& a, const Program& b) {
  if (!same_part(a, b, [](auto& walk, const Program&) { walk.head(); })) return false;
  for (std::size_t e = 0; e < a.engines.size(); ++e)  // one engine at a time keeps the lists short
    if (!same_part(a, b, [e](auto& walk, const Program& p) { walk.engine(p.engines[e]); })) return false;
  return true;
}

}  // namespace tessera
