#include "sim/base/csv.h"

#include <fmt/format.h>

#include "sim/base/json_file.h"

namespace tessera {
namespace {
constexpr std::size_t longest_field = 1000;  // characters; what matches texts recurses over them
}

Expected<std::vector<CsvLine>> read_csv(const std::string& file) {
  const auto content = read_text(file);
  if (!content) return content.failure();
  const std::string mark = "\xef\xbb\xbf";  // spreadsheets write UTF-8 with a byte order mark
  const std::string text = content->rfind(mark, 0) == 0 ? content->substr(mark.size()) : *content;
  std::vector<CsvLine> lines;
  CsvLine current;
  std::string field;
  bool quoted = false, was_quoted = false;
  int line = 1;
  std::optional<Problem> long_field;
  const auto end_field = [&] {
    if (field.size() > longest_field && !long_field)
      long_field =
          Problem{file, fmt::format("line {}, field {}", current.line, current.fields.size() + 1),
                  fmt::format("has {} characters", field.size()), fmt::format("legal: up to {}", longest_field)};
    current.fields.push_back(std::move(field));
    field.clear();
    was_quoted = false;
  };
  const auto end_line = [&] {
    if (current.fields.empty() && field.empty() && !was_quoted) return;
    end_field();
    lines.push_back(std::move(current));
    current = {};
  };
  int quote_line = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (current.fields.empty() && field.empty() && !quoted) current.line = line;
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && field.empty() && !was_quoted) {
      quoted = was_quoted = true;
      quote_line = line;
    } else if (c == ',') {
      end_field();
    } else if (c == '\n') {
      end_line();
    } else if (c != '\r') {
      field += c;
    }
  }
  if (quoted)
    return fail(ExitCode::bad_input, {file, fmt::format("line {}, field {}", quote_line, current.fields.size() + 1),
                                      "a quote is not closed", "a closing \""});
  end_line();
  if (long_field) return fail(ExitCode::bad_input, std::move(*long_field));
  return lines;
}

}  // namespace tessera
