// The part of the zip format that numpy uses: entries stored as they are, or deflated, one after the other, with
// CRC-32. Written are stored ones.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "sim/base/error.h"

namespace tessera::sparsity {

bool is_zip(const std::string& bytes);

// Contents by entry name. `file` is what problems name.
Expected<std::map<std::string, std::string>> read_zip(const std::string& bytes, const std::string& file);

std::string make_zip(const std::map<std::string, std::string>& entries);

}  // namespace tessera::sparsity
