// The table of a sweep: one row per planned point, in the order of the plan, whatever became of it. Written as
// DIR/table.csv; two runs of one sweep give the same bytes, however they were interrupted.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "explore/collect/measured_accuracy.h"
#include "explore/runner.h"
#include "explore/store/store.h"

namespace tessera::explore {

struct TableRow {
  std::string key;
  std::vector<Json> coordinates;  // by axis
  std::string status, reason, dense_status, program_hash;
  std::optional<result::Row> result, dense;  // none unless done
};

struct Table {
  std::vector<std::string> axes;
  std::vector<TableRow> rows;
  std::optional<MeasuredAccuracy> accuracy;  // columns `accuracy`, `accuracy_least`, `accuracy_greatest`
};

Expected<Table> read_table(const Store& store);

// Adds the accuracies that the folder of the sweep keeps, where it does.
std::optional<Failure> join_accuracy(Table& table, const std::string& folder);

// A cell by column name: an axis, a state or a metric; null when empty.
Json cell(const Table& table, const TableRow& row, const std::string& column);
std::vector<std::string> column_names(const Table& table);       // of table.csv
std::vector<std::string> reachable_columns(const Table& table);  // those, and metrics that table.csv leaves out
bool is_text_column(const std::string& column);                  // never holds numbers; an axis may

std::string csv_text(const Table& table);
std::string csv_cell(const Json& value);  // [8, 8] is written 8x8, an object as JSON; quoted where CSV needs it

// Writes by rename: readers see the old file or the new one.
std::optional<Failure> write_file(const std::string& path, const std::string& text);

}  // namespace tessera::explore
