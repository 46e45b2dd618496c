// FNV-1a of bytes: for seeds and names of files, not against forgery.
#pragma once
#include <cstdint>
#include <string_view>

namespace tessera {
inline namespace base {

inline std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

}  // namespace base
}  // namespace tessera
