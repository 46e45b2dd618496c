// The table of columns that a CSV of measured times has.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sim/validation/row.h"

namespace tessera::validation {

struct Column {
  std::string name;
  bool needed;  // in the header
  std::function<bool(MeasuredRow&, const std::string&)> set;
  std::string legal;
};

const std::vector<Column>& columns();
const Column* find_column(const std::string& name);  // or null

}  // namespace tessera::validation
