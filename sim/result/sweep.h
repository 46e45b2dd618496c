// A run as a row of a sweep: the metrics of one density and of what it ran on, flat, by column name (or by name, where
// the table has no column). A cell of the sweep's table comes from the rows of a point and of its dense baseline.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "sim/result/metric.h"

namespace tessera::result {

using Row = std::map<std::string, Value>;

// `run` has one density. The text of the row, its layers (a JSON list) and the hash of the program, as stores keep
// them; and the mapping of a dense network, which no store keeps, for runs that compare theirs with it.
struct StoredRow {
  std::string row, layers, program_hash, dense_mapping;
};
StoredRow stored_row(const RunResult& run);
Row parse_row(const std::string& text);

struct SweepColumn {
  std::string name, unit, sentence;
  Kind kind;
  bool in_table;  // a column of table.csv; the others can be asked for by name
};
const std::vector<SweepColumn>& sweep_columns();
bool is_sweep_column(const std::string& name);

// Either row may be null.
Value sweep_cell(const Row* point, const Row* dense, const std::string& column);

}  // namespace tessera::result
