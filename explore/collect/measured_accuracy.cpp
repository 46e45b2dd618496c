#include "explore/collect/measured_accuracy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "explore/collect/cell_text.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"

namespace tessera::explore {
namespace {
namespace fs = std::filesystem;

constexpr const char* value_column = "accuracy";

std::string line_text(const CsvLine& line) { return fmt::format("line {}", line.line); }

std::optional<double> percent_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 0 && value <= 100 ? std::optional(value) : std::nullopt;
}

// What is wrong with the first line: each column is an axis or `accuracy`, which is there, once, beside an axis.
std::vector<Problem> header_problems(const std::string& file, const CsvLine& header,
                                     const std::vector<std::string>& axes) {
  std::vector<Problem> problems;
  const std::string legal =
      fmt::format("columns: {}, and one or more of the axes {}", value_column, fmt::join(axes, ", "));
  const auto count = [&](const std::string& name) {
    return std::count(header.fields.begin(), header.fields.end(), name);
  };
  for (auto it = header.fields.begin(); it != header.fields.end(); ++it) {
    if (*it != value_column && std::find(axes.begin(), axes.end(), *it) == axes.end()) {
      const std::string near = nearest_name(*it, axes);
      problems.push_back({file, line_text(header), fmt::format("column '{}' is no axis of the sweep", *it),
                          near.empty() ? legal : "did you mean '" + near + "'?"});
    } else if (std::find(header.fields.begin(), it, *it) != it) {
      problems.push_back({file, line_text(header), fmt::format("column '{}' stands there twice", *it), legal});
    }
  }
  if (count(value_column) == 0)
    problems.push_back({file, line_text(header), fmt::format("column '{}' is missing", value_column), legal});
  else if (header.fields.size() < 2)
    problems.push_back({file, line_text(header), "no column is an axis", legal});
  return problems;
}

void add(AccuracySpread& spread, double value) {
  spread.least = spread.lines == 0 ? value : std::min(spread.least, value);
  spread.greatest = spread.lines == 0 ? value : std::max(spread.greatest, value);
  spread.mean += (value - spread.mean) / ++spread.lines;
}

}  // namespace

Expected<MeasuredAccuracy> MeasuredAccuracy::read(const std::string& file, const std::vector<std::string>& axes) {
  const Expected<std::vector<CsvLine>> lines = read_csv(file);
  if (!lines) return lines.failure();
  if (lines->empty())
    return fail(ExitCode::bad_input, {file, "", "is empty", "a line of columns and a line a network"});
  const CsvLine& header = lines->front();
  Failure wrong{ExitCode::bad_input, header_problems(file, header, axes)};
  if (!wrong.problems.empty()) return wrong;
  MeasuredAccuracy measured;
  for (const std::string& name : header.fields)
    if (name != value_column)
      measured.columns_.push_back(static_cast<std::size_t>(std::find(axes.begin(), axes.end(), name) - axes.begin()));
  for (auto line = lines->begin() + 1; line != lines->end(); ++line) {
    if (line->fields.size() != header.fields.size()) {
      wrong.problems.push_back({file, line_text(*line), fmt::format("has {} fields", line->fields.size()),
                                fmt::format("{}, as the first line has", header.fields.size())});
      continue;
    }
    std::vector<std::string> values;
    std::optional<double> accuracy;
    for (std::size_t c = 0; c < header.fields.size(); ++c) {
      if (header.fields[c] != value_column) {
        values.push_back(line->fields[c]);
      } else if (accuracy = percent_of(line->fields[c]); !accuracy) {
        wrong.problems.push_back({file, line_text(*line) + ", accuracy", "is '" + line->fields[c] + "'",
                                  "a number from 0 to 100, in percent"});
      }
    }
    if (accuracy) add(measured.spreads_[values], *accuracy);
  }
  if (!wrong.problems.empty()) return wrong;
  return measured;
}

const AccuracySpread* MeasuredAccuracy::find(const std::vector<Json>& coordinates) const {
  std::vector<std::string> values;
  for (const std::size_t column : columns_) values.push_back(cell_text(coordinates[column]));
  const auto it = spreads_.find(values);
  return it == spreads_.end() ? nullptr : &it->second;
}

std::vector<Problem> check_accuracy(const std::string& file, const Space& space) {
  const Expected<MeasuredAccuracy> measured = MeasuredAccuracy::read(file, space.paths());
  if (!measured) return measured.failure().problems;
  std::vector<const Axis*> axes;
  for (const AxisGroup& group : space.groups)
    for (const Axis& axis : group.axes) axes.push_back(&axis);
  std::vector<Problem> problems;
  for (std::size_t c = 0; c < measured->columns_.size(); ++c) {
    const Axis& axis = *axes[measured->columns_[c]];
    std::vector<std::string> legal;
    for (const Json& value : axis.values) legal.push_back(cell_text(value));
    for (const auto& [values, spread] : measured->spreads_)
      if (std::find(legal.begin(), legal.end(), values[c]) == legal.end())
        problems.push_back({file, axis.path, fmt::format("'{}' is no value of the axis", values[c]),
                            fmt::format("{}", fmt::join(legal, ", "))});
  }
  return problems;
}

const std::vector<std::string>& accuracy_columns() {
  static const std::vector<std::string> names{"accuracy", "accuracy_least", "accuracy_greatest"};
  return names;
}

Json accuracy_cell(const AccuracySpread* spread, const std::string& column) {
  if (spread == nullptr) return nullptr;
  if (column == "accuracy_least") return spread->least;
  return column == "accuracy_greatest" ? spread->greatest : spread->mean;
}

std::string accuracy_file(const std::string& folder) { return folder + "/measured_accuracy.csv"; }

std::optional<Failure> keep_accuracy(const std::string& file, const std::string& folder) {
  std::error_code error;
  if (file.empty())
    fs::remove(accuracy_file(folder), error);
  else
    fs::copy_file(file, accuracy_file(folder), fs::copy_options::overwrite_existing, error);
  if (!error) return std::nullopt;
  return fail(ExitCode::bad_input,
              {accuracy_file(folder), "", "cannot be written: " + error.message(), "a folder that can be written"});
}

}  // namespace tessera::explore
