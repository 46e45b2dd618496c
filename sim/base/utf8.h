// Text of files and command lines, whose bytes may be anything, where JSON needs UTF-8.
#pragma once
#include <string>

namespace tessera {
inline namespace base {

// The text with U+FFFD for what is no UTF-8.
std::string as_utf8(const std::string& text);

}  // namespace base
}  // namespace tessera
