#include "explore/store/checksum.h"

#include <fmt/format.h>

#include <cstdint>

namespace tessera::explore {

// Two independent lanes over 8-byte words read in a fixed byte order, each finished with the splitmix64 mixer.
std::string checksum(std::string_view text) {
  std::uint64_t lane[2] = {0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full ^ text.size()};
  const std::uint64_t factor[2] = {0x9fb21c651e98df25ull, 0xd6e8feb86659fd93ull};
  const auto word_of = [&text](std::size_t at, std::size_t bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at + i])) << (8 * i);
    return word;
  };
  const auto take = [&](std::uint64_t word) {
    for (int l = 0; l < 2; ++l) {
      lane[l] = (lane[l] ^ word) * factor[l];
      lane[l] ^= lane[l] >> (29 + l);
    }
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) take(word_of(at, 8));
  if (at < text.size()) take(word_of(at, text.size() - at));
  for (std::uint64_t& z : lane) {
    z = (z ^ text.size() ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    z ^= z >> 31;
  }
  return fmt::format("{:016x}{:016x}", lane[0], lane[1]);
}

}  // namespace tessera::explore
