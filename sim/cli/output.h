// How the commands speak: results on stdout, problems and progress on stderr.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/base/error.h"
#include "sim/result/show.h"

namespace tessera::cli {

using result::show_bytes;
using result::show_time;
using result::with_commas;

// Prints every problem on stderr and returns the exit code.
int report_failure(const Failure& failure);

// The problems, each at an option of the command line.
Failure at_option(const char* option, Failure failure);

// Writes a file in one step (see target_file.h), or says why it cannot.
std::optional<Failure> write_file(const std::string& path, const std::string& content);
std::optional<Failure> write_file(const std::string& path, const std::function<void(std::ostream&)>& write);
// To a file, or to standard output for "-".
std::optional<Failure> write_json(const std::string& path, const nlohmann::json& value);
std::optional<Failure> write_text(const std::string& path, const std::string& text);

}  // namespace tessera::cli
