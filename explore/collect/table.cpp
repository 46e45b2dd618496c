#include "explore/collect/table.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "explore/collect/cell_text.h"
#include "sim/result/json.h"

namespace tessera::explore {
namespace {

const std::vector<std::string>& state_columns() {
  static const std::vector<std::string> names = {"status", "reason", "dense_status"};
  return names;
}

const result::Row* row_or_null(const std::optional<result::Row>& row) { return row ? &*row : nullptr; }

}  // namespace

std::string cell_text(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value;
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<std::string> parts;
  for (const Json& part : value) parts.push_back(cell_text(part));
  return fmt::format("{}", fmt::join(parts, "x"));
}

Expected<Table> read_table(const Store& store) {
  Table table;
  const auto axes = store.axes();
  if (!axes) return axes.failure();
  table.axes = *axes;
  const auto plan = store.plan();
  if (!plan) return plan.failure();
  struct Baseline {
    std::string status;
    std::optional<result::Row> result;
  };
  std::map<std::string, Baseline> baselines;
  for (const PlanEntry& point : *plan) {
    const auto run = store.outcome(point.key);
    if (!run) return run.failure();
    TableRow row{point.key,    Json::parse(point.coordinates).get<std::vector<Json>>(),
                 run->status,  run->reason,
                 "",           run->program_hash,
                 std::nullopt, std::nullopt};
    if (run->status == status::done) row.result = result::parse_row(run->result);
    if (!point.baseline.empty()) {
      auto found = baselines.find(point.baseline);
      if (found == baselines.end()) {
        const auto dense = store.outcome(point.baseline);
        if (!dense) return dense.failure();
        found = baselines.emplace(point.baseline, Baseline{dense->status, std::nullopt}).first;
        if (dense->status == status::done) found->second.result = result::parse_row(dense->result);
      }
      row.dense_status = found->second.status;
      row.dense = found->second.result;
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::optional<Failure> join_accuracy(Table& table, const std::string& folder) {
  if (!std::filesystem::exists(accuracy_file(folder))) return std::nullopt;
  Expected<MeasuredAccuracy> measured = MeasuredAccuracy::read(accuracy_file(folder), table.axes);
  if (!measured) return measured.failure();
  table.accuracy = std::move(*measured);
  return std::nullopt;
}

std::vector<std::string> column_names(const Table& table) {
  std::vector<std::string> names = {"point"};
  names.insert(names.end(), table.axes.begin(), table.axes.end());
  names.insert(names.end(), state_columns().begin(), state_columns().end());
  for (const result::SweepColumn& column : result::sweep_columns())
    if (column.in_table) names.push_back(column.name);
  if (table.accuracy) names.insert(names.end(), accuracy_columns().begin(), accuracy_columns().end());
  names.insert(names.end(), {"program_hash", "key"});
  return names;
}

std::vector<std::string> reachable_columns(const Table& table) {
  std::vector<std::string> names = column_names(table);
  for (const result::SweepColumn& column : result::sweep_columns())
    if (!column.in_table && std::find(names.begin(), names.end(), column.name) == names.end())
      names.push_back(column.name);
  return names;
}

bool is_text_column(const std::string& name) {
  for (const char* state : {"status", "reason", "dense_status", "program_hash", "key"})
    if (name == state) return true;
  for (const result::SweepColumn& column : result::sweep_columns())
    if (column.name == name) return column.kind != result::Kind::number;
  return false;
}

Json cell(const Table& table, const TableRow& row, const std::string& column) {
  const auto axis = std::find(table.axes.begin(), table.axes.end(), column);
  if (axis != table.axes.end()) return row.coordinates[static_cast<std::size_t>(axis - table.axes.begin())];
  if (column == "status") return row.status;
  if (column == "reason") return row.reason;
  if (column == "dense_status") return row.dense_status;
  if (column == "program_hash") return row.program_hash;
  if (column == "key") return row.key;
  if (table.accuracy && std::count(accuracy_columns().begin(), accuracy_columns().end(), column) > 0)
    return accuracy_cell(table.accuracy->find(row.coordinates), column);
  const result::Value value = result::sweep_cell(row_or_null(row.result), row_or_null(row.dense), column);
  const auto* words = std::get_if<std::vector<std::string>>(&value);
  return words == nullptr ? result::json_of(value) : Json(fmt::format("{}", fmt::join(*words, " ")));
}

std::string csv_cell(const Json& value) {
  const std::string text = cell_text(value);
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_text(const Table& table) {
  const std::vector<std::string> names = column_names(table);
  std::string text = fmt::format("{}\n", fmt::join(names, ","));
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    text += std::to_string(r + 1);
    for (std::size_t c = 1; c < names.size(); ++c) text += "," + csv_cell(cell(table, table.rows[r], names[c]));
    text += "\n";
  }
  return text;
}

std::optional<Failure> write_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool good = fd >= 0;
  for (std::size_t at = 0; good && at < text.size();) {
    const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
    if (n > 0)
      at += static_cast<std::size_t>(n);
    else
      good = n < 0 && errno == EINTR;
  }
  good = good && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (good && ::rename(temporary.c_str(), path.c_str()) == 0) return std::nullopt;
  if (fd >= 0) ::unlink(temporary.c_str());
  return fail(ExitCode::bad_input, {path, "", fmt::format("cannot be written: {}", std::strerror(good ? errno : error)),
                                    "free space in a folder that can be written"});
}

}  // namespace tessera::explore
