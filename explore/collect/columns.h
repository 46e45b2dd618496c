// The columns of table.csv behind the axes: name (with its unit), where the value comes from, and a sentence.
// results/README.md documents them; a test compares the two.
#pragma once
#include <string>
#include <vector>

#include "explore/runner.h"

namespace tessera::explore {

struct Column {
  std::string name;
  std::string unit;
  std::string meaning;
  // From the result objects of a point and of its dense baseline (null when there is none); null: empty cell.
  Json (*value)(const Json& result, const Json& dense);
};

const std::vector<Column>& result_columns();
const Column* find_column(const std::string& name);

}  // namespace tessera::explore
