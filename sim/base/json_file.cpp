#include "sim/base/json_file.h"

#include <fmt/format.h>

#include <set>

namespace tessera {
inline namespace base {
namespace {
constexpr int max_nesting = 100;

// "line 3, column 5" and the rest of the library's message, without its exception name.
Problem syntax_problem(const std::string& file, const std::string& message) {
  Problem problem{file, "", message.substr(message.find("] ") + 2), "legal: JSON"};
  const std::string::size_type at = message.find("at line ");
  const std::string::size_type colon = message.find(": ", at);
  if (at != std::string::npos && colon != std::string::npos) {
    problem.path = message.substr(at + 3, colon - at - 3);
    problem.what = message.substr(colon + 2);
  }
  return problem;
}
}  // namespace

std::optional<Problem> deep_nesting(const std::string& text, const std::string& file) {
  int depth = 0, line = 1;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (c == '"') quoted = !quoted;
    if (quoted) {
      if (c == '\\') ++i;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if ((c == '[' || c == '{') && ++depth > max_nesting) {
      return Problem{file, fmt::format("line {}", line),
                     fmt::format("nests more than {} lists and objects", max_nesting),
                     fmt::format("legal: up to {}", max_nesting)};
    }
  }
  return std::nullopt;
}

Expected<nlohmann::json> parse_json(const std::string& text, const std::string& file) {
  if (std::optional<Problem> deep = deep_nesting(text, file)) return fail(ExitCode::bad_input, std::move(*deep));
  using Event = nlohmann::json::parse_event_t;
  Failure failure;
  std::vector<std::set<std::string>> seen;
  const auto watch_keys = [&](int, Event event, nlohmann::json& parsed) {
    if (event == Event::object_start) seen.emplace_back();
    if (event == Event::object_end) seen.pop_back();
    if (event == Event::key && !seen.back().insert(parsed.get<std::string>()).second) {
      failure.problems.push_back({file, parsed.get<std::string>(), "this key stands twice in one object", "keep one"});
    }
    return true;
  };
  try {
    nlohmann::json value = nlohmann::json::parse(text, watch_keys);
    if (!failure.problems.empty()) return failure;
    return value;
  } catch (const nlohmann::json::exception& error) {
    return fail(ExitCode::bad_input, syntax_problem(file, error.what()));
  }
}

namespace {

// A model where a description of one is wanted.
bool is_named_onnx(const std::string& path) {
  for (const std::string end : {".onnx", ".onnx.gz"})
    if (path.size() > end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0) return true;
  return false;
}

}  // namespace

Expected<nlohmann::json> read_json(const std::string& path) {
  if (is_named_onnx(path))
    return fail(ExitCode::bad_input, {path, "", "is an ONNX file, and JSON is read here",
                                      "legal: the network file that `tessera import MODEL --out net.json` writes"});
  const Expected<std::string> text = read_text(path);
  if (!text) return text.failure();
  return parse_json(*text, path);
}

}  // namespace base
}  // namespace tessera
