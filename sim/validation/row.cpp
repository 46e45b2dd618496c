#include "sim/validation/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "sim/validation/csv.h"

namespace tessera::validation {
namespace {

const std::vector<std::string>& column_names() {
  static const std::vector<std::string> names = {"id",   "group",     "platform", "clock_ghz", "workload", "m",
                                                 "k",    "n",         "shape",    "in_type",   "out_type", "rows",
                                                 "cols", "core_tile", "measured", "unit",      "notes",    "source"};
  return names;
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

// "int8" and "INT8" are "i8" here.
std::string short_type(std::string type) {
  for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  static const std::map<std::string, std::string> names = {{"int8", "i8"},       {"int16", "i16"},   {"int32", "i32"},
                                                           {"bfloat16", "bf16"}, {"float32", "f32"}, {"fp32", "f32"}};
  const auto it = names.find(type);
  return it == names.end() ? type : it->second;
}

class RowReader {
 public:
  RowReader(const std::string& file, const CsvLine& header, Failure& failure) : file_(file), failure_(failure) {
    for (std::size_t i = 0; i < header.fields.size(); ++i) {
      if (!columns_.emplace(header.fields[i], i).second)
        problem(header.line, header.fields[i], "the column appears twice", "each column once");
    }
    width_ = header.fields.size();
    for (const std::string& name : column_names())
      if (columns_.count(name) == 0)
        problem(header.line, name, "the column is missing", "the columns of configs/validation/measured.csv");
  }
  void problem(int line, const std::string& field, std::string what, std::string legal) {
    failure_.problems.push_back(
        {file_, fmt::format("line {}, field {}", line, field), std::move(what), std::move(legal)});
  }
  MeasuredRow read(const CsvLine& line) {
    MeasuredRow r;
    r.line = line.line;
    if (line.fields.size() != width_) {
      const std::size_t at = std::min(line.fields.size(), width_ - 1);
      std::string name = "beyond the last";
      for (const auto& [column, i] : columns_)
        if (i == at && line.fields.size() < width_) name = column;
      problem(line.line, name, fmt::format("the line has {} fields", line.fields.size()),
              fmt::format("{} fields", width_));
      return r;
    }
    const auto text = [&](const char* name) { return trimmed(line.fields[columns_.at(name)]); };
    r.id = text("id"), r.group = text("group"), r.platform = text("platform"), r.workload = text("workload");
    r.shape = text("shape"), r.unit = text("unit");
    r.in_type = short_type(text("in_type")), r.out_type = short_type(text("out_type"));
    r.notes = text("notes"), r.source = text("source"), r.core_tile = text("core_tile");
    for (const char* name : {"id", "group", "workload", "unit"})
      if (text(name).empty()) problem(line.line, name, "empty", "a text");
    if (!r.id.empty() && !ids_.insert(r.id).second)
      problem(line.line, "id", fmt::format("\"{}\" stands twice", r.id), "ids differ");
    const std::string clock = text("clock_ghz");
    const bool stated = !clock.empty() && clock != "not stated" && clock.rfind("n/a", 0) != 0;
    if (stated && (!number(clock, r.clock_ghz) || !(r.clock_ghz >= 0.1 && r.clock_ghz <= 5)))
      problem(line.line, "clock_ghz", fmt::format("\"{}\"", clock), "empty, \"not stated\" or 0.1 to 5 GHz");
    count(line, "m", r.m), count(line, "k", r.k), count(line, "n", r.n);
    count(line, "rows", r.rows), count(line, "cols", r.cols);
    if (number(text("measured"), r.measured) && !(r.measured > 0))
      problem(line.line, "measured", fmt::format("\"{}\"", text("measured")), "a number above 0");
    else if (!number(text("measured"), r.measured))
      problem(line.line, "measured", fmt::format("\"{}\" is no number", text("measured")), "a number above 0");
    read_tile(r);
    return r;
  }

 private:
  static bool number(const std::string& text, double& value) {
    char* end = nullptr;
    value = std::strtod(text.c_str(), &end);
    return !text.empty() && *end == '\0' && std::isfinite(value);
  }
  void count(const CsvLine& line, const char* name, int& value) {
    const std::string text = trimmed(line.fields[columns_.at(name)]);
    double parsed = 0;
    if (text.empty()) return;
    if (!number(text, parsed) || parsed < 1 || parsed > 1e6 || parsed != static_cast<int>(parsed))
      return problem(line.line, name, fmt::format("\"{}\"", text), "empty or a whole number from 1 to 1000000");
    value = static_cast<int>(parsed);
  }
  static void read_tile(MeasuredRow& r) {
    int m = 0, k = 0, n = 0;
    char rest = 0;
    if (std::sscanf(r.core_tile.c_str(), "%5d%*1[xX]%5d%*1[xX]%5d%c", &m, &k, &n, &rest) != 3) return;
    if (m > 0 && k > 0 && n > 0 && m <= 4096 && k <= 4096 && n <= 4096) r.tile = {m, k, n};
  }

  std::string file_;
  Failure& failure_;
  std::map<std::string, std::size_t> columns_;
  std::size_t width_ = 0;
  std::set<std::string> ids_;
};

}  // namespace

const char* row_class_name(RowClass c) {
  static const char* const names[] = {"micro", "kernel", "gemm", "bottleneck", "network"};
  return names[static_cast<int>(c)];
}

RowClass MeasuredRow::row_class() const {
  if (workload == "gemm-kernel") return RowClass::kernel;
  if (workload == "gemm") return RowClass::gemm;
  if (workload == "conv bottleneck") return RowClass::bottleneck;
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
