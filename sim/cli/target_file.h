// Files a command leaves behind where the user said: one that cannot be written is noticed before the work, and each is
// written beside its place and then renamed, so that an ended run leaves nothing half-written. What is no regular file
// (a pipe, /dev/stdout) is written as it is.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::cli {

// As the name of a target file: standard output.
constexpr const char* standard_output = "-";

// Why `path` cannot be written, if it cannot.
std::optional<Problem> unwritable(const std::string& path);

// The same of the files of one command, which must replace neither each other nor one that it reads: `inputs`, and what
// it has read so far (parts of a config, masks, kernels). An empty path is none. `json_file`: that of --json, which
// alone may be standard output.
std::vector<Problem> unwritable_files(std::vector<std::string> paths, const std::vector<std::string>& inputs,
                                      const std::string& json_file = "");

// `write` gets the path to write to, which ends as `path` does.
std::optional<Failure> replace_file(const std::string& path,
                                    const std::function<std::optional<Failure>(const std::string&)>& write);

}  // namespace tessera::cli
