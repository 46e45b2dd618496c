#include "sim/validation/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "sim/base/csv.h"
#include "sim/validation/columns.h"

namespace tessera::validation {
namespace {

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

class RowReader {
 public:
  RowReader(const std::string& file, const CsvLine& header, Failure& failure) : file_(file), failure_(failure) {
    std::vector<std::string> names;
    for (const Column& column : columns()) names.push_back(column.name);
    for (const std::string& field : header.fields) {
      header_.push_back(trimmed(field));
      const std::string& name = header_.back();
      if (std::count(header_.begin(), header_.end(), name) > 1)
        problem(header.line, name, "the column appears twice", "each column once");
      else if (find_column(name) == nullptr)
        problem(header.line, name, "no such column",
                fmt::format("{}legal: {}", near(nearest_name(name, names)), fmt::join(names, ", ")));
    }
    for (const Column& column : columns())
      if (column.needed && std::count(header_.begin(), header_.end(), column.name) == 0)
        problem(header.line, column.name, "the column is missing", "the columns of configs/validation/measured.csv");
  }
  MeasuredRow read(const CsvLine& line) {
    MeasuredRow row;
    row.line = line.line;
    if (line.fields.size() != header_.size()) {
      const std::size_t at = line.fields.size();
      problem(line.line, at < header_.size() ? header_[at] : "beyond the last",
              fmt::format("the line has {} fields", line.fields.size()), fmt::format("{} fields", header_.size()));
      return row;
    }
    for (std::size_t i = 0; i < header_.size(); ++i) {
      const std::string text = trimmed(line.fields[i]);
      if (!set_column(row, header_[i], text))
        problem(line.line, header_[i], text.empty() ? "empty" : fmt::format("\"{}\"", text), legal_in(header_[i]));
    }
    if (!row.id.empty() && !ids_.insert(row.id).second)
      problem(line.line, "id", fmt::format("\"{}\" stands twice", row.id), "ids differ");
    return row;
  }

 private:
  static std::string near(const std::string& name) { return name.empty() ? "" : "did you mean \"" + name + "\"? "; }
  void problem(int line, const std::string& field, std::string what, std::string legal) {
    failure_.problems.push_back(
        {file_, fmt::format("line {}, field {}", line, field), std::move(what), std::move(legal)});
  }

  std::string file_;
  Failure& failure_;
  std::vector<std::string> header_;
  std::set<std::string> ids_;
};

}  // namespace

const char* row_class_name(RowClass c) {
  static const char* const names[] = {"micro", "kernel", "gemm", "bottleneck", "network", "open engine"};
  return names[static_cast<int>(c)];
}

RowClass MeasuredRow::row_class() const {
  if (workload == "gemm-kernel" || workload == "conv-kernel") return RowClass::kernel;
  if (workload == "gemm") return RowClass::gemm;
  if (workload == "conv bottleneck") return RowClass::bottleneck;
  if (workload == "cnn" && core_tile.rfind("graph engine (open)", 0) == 0) return RowClass::open_engine;
  if (workload == "cnn" || workload == "z-score normalization") return RowClass::network;
  return RowClass::micro;
}

Expected<std::vector<MeasuredRow>> read_measured(const std::string& file) {
  auto lines = read_csv(file);
  if (!lines) return lines.failure();
  Failure failure;
  if (lines->empty()) return fail(ExitCode::bad_input, {file, "line 1", "the file is empty", "a header and rows"});
  RowReader reader(file, lines->front(), failure);
  if (!failure.problems.empty()) return failure;
  if (lines->size() == 1)
    return fail(ExitCode::bad_input, {file, "line 2", "the file has no rows", "one per measured time"});
  std::vector<MeasuredRow> rows;
  for (std::size_t i = 1; i < lines->size(); ++i) rows.push_back(reader.read((*lines)[i]));
  if (!failure.problems.empty()) return failure;
  return rows;
}

std::vector<double> numbers_in(const std::string& text) {
  std::vector<double> found;
  for (const char* at = text.c_str(); *at != '\0';) {
    if (*at < '0' || *at > '9') {
      ++at;
      continue;
    }
    char* end = nullptr;
    std::string digits;
    bool point = false;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !point && at[1] >= '0' && at[1] <= '9'); ++at) {
      point = point || *at == '.';
      digits += *at;
    }
    found.push_back(std::strtod(digits.c_str(), &end));
  }
  return found;
}

}  // namespace tessera::validation
