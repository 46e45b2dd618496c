#include "sim/cli/output.h"

#include <fmt/format.h>

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
}  // namespace

int report_failure(const Failure& failure) {
  for (const Problem& problem : failure.problems) {
    message(stderr, "{}: {}\n", kind(failure.code), describe({failure.code, {problem}}));
  }
  if (failure.problems.size() > 1) message(stderr, "{} problems\n", failure.problems.size());
  return static_cast<int>(failure.code);
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
