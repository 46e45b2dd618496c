// A 128-bit hash of text as 32 hexadecimal digits: tells damaged rows from whole ones, and names points by content.
// Not cryptographic.
#pragma once
#include <string>
#include <string_view>

namespace tessera::explore {

std::string checksum(std::string_view text);

}  // namespace tessera::explore
