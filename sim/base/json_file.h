// Reads one JSON file; a syntax error is told by line and column, a key given twice is an error, and so is nesting that
// no file needs and recursion over the value could not follow.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/base/error.h"
#include "sim/base/input_file.h"

namespace tessera {
inline namespace base {

Expected<nlohmann::json> read_json(const std::string& path);
Expected<nlohmann::json> parse_json(const std::string& text, const std::string& file);

// The problem of a text that nests too deeply, if it does.
std::optional<Problem> deep_nesting(const std::string& text, const std::string& file);

}  // namespace base
}  // namespace tessera
