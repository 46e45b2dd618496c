#include "sim/base/utf8.h"

#include <algorithm>
#include <cstddef>

namespace tessera {
inline namespace base {
namespace {

constexpr const char* replacement = "\xef\xbf\xbd";

// Bytes of the character that begins there; 0: none does (RFC 3629, section 4).
std::size_t character_bytes(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const unsigned lead = byte(0), second = byte(1);
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (std::size_t i = 1; i < bytes; ++i)
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second > 0x9f, too_large = lead == 0xf4 && second > 0x8f;
  return overlong || surrogate || too_large ? 0 : bytes;
}

}  // namespace

std::string as_utf8(const std::string& text) {
  std::string readable;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = character_bytes(text, at);
    readable += bytes > 0 ? text.substr(at, bytes) : replacement;
    at += std::max<std::size_t>(bytes, 1);
  }
  return readable;
}

}  // namespace base
}  // namespace tessera
