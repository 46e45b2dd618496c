#include "sim/cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "sim/base/message.h"
#include "sim/cli/target_file.h"

namespace tessera::cli {
namespace {
const char* kind(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
      return "note";
    case ExitCode::internal:
      return "internal error";
    case ExitCode::bad_input:
      return "error";
    case ExitCode::does_not_fit:
      return "does not fit";
    case ExitCode::deadlock:
      return "deadlock";
  }
  return "error";
}

constexpr std::size_t most_problems = 100, longest_problem = 4000;  // characters

// A problem whose text is too long to be read loses its middle.
std::string shortened(const std::string& text) {
  if (text.size() <= longest_problem) return text;
  constexpr std::size_t half = longest_problem / 2;
  return fmt::format("{} ... {} more characters ... {}", text.substr(0, half), text.size() - 2 * half,
                     text.substr(text.size() - half));
}
}  // namespace

int report_failure(const Failure& failure) {
  for (std::size_t i = 0; i < std::min(failure.problems.size(), most_problems); ++i)
    message(stderr, "{}: {}\n", kind(failure.code), shortened(describe({failure.code, {failure.problems[i]}})));
  if (failure.problems.size() > most_problems)
    message(stderr, "... and {} more\n", failure.problems.size() - most_problems);
  if (failure.problems.size() > 1) message(stderr, "{} problems\n", failure.problems.size());
  return static_cast<int>(failure.code);
}

Failure at_option(const char* option, Failure failure) {
  for (Problem& problem : failure.problems) problem.path = option;
  return failure;
}

std::optional<Failure> write_file(const std::string& path, const std::string& content) {
  return write_file(path, [&](std::ostream& out) { out << content; });
}

std::optional<Failure> write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  return replace_file(path, [&](const std::string& file) -> std::optional<Failure> {
    std::ofstream out(file, std::ios::binary);
    write(out);
    out.close();
    if (out) return std::nullopt;
    return fail(ExitCode::bad_input, {file, "", std::string("cannot be written: ") + std::strerror(errno), ""});
  });
}

std::optional<Failure> write_json(const std::string& path, const nlohmann::json& value) {
  return write_text(path, value.dump(1) + "\n");
}

std::optional<Failure> write_text(const std::string& path, const std::string& text) {
  if (path != standard_output) return write_file(path, text);
  fmt::print("{}", text);
  return std::nullopt;
}

}  // namespace tessera::cli
