// How the commands speak: results on stdout, problems and progress on stderr.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/base/error.h"

namespace tessera::cli {

// Prints every problem on stderr and returns the exit code.
int report_failure(const Failure& failure);

// The problems, each at an option of the command line.
Failure at_option(const char* option, Failure failure);

// Writes a file in one step (see target_file.h), or says why it cannot.
std::optional<Failure> write_file(const std::string& path, const std::string& content);
std::optional<Failure> write_file(const std::string& path, const std::function<void(std::ostream&)>& write);
std::optional<Failure> write_json(const std::string& path, const nlohmann::json& value);

// "1,234,567"
std::string with_commas(std::int64_t value);
// "2.034 ms", "812.0 us"
std::string show_time(double us);
// "25.6 MB"
std::string show_bytes(double bytes);

}  // namespace tessera::cli
