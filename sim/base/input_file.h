// Reads a file that a user names. Folders, pipes and devices are refused, as they may have no end, and so are files
// larger than any that makes sense here: both before anything is read.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera {
inline namespace base {

constexpr std::int64_t largest_input_file = std::int64_t{2} << 30;  // bytes

Expected<std::string> read_text(const std::string& path);
// `size` bytes of the file from `offset` on; a file that ends before them is a failure.
Expected<std::string> read_part(const std::string& path, std::int64_t offset, std::int64_t size);

// The paths of all files that this process has read so, as they were given.
std::vector<std::string> files_read();

}  // namespace base
}  // namespace tessera
