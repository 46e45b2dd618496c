// Reads one JSON file; a syntax error is told by line and column, a key given twice is an error.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"

namespace tessera {

Expected<std::string> read_text(const std::string& path);  // any file
Expected<nlohmann::json> read_json(const std::string& path);
Expected<nlohmann::json> parse_json(const std::string& text, const std::string& file);

}  // namespace tessera
