// Comma-separated values as RFC 4180 has them: quoted fields may contain commas, doubled quotes and line breaks.
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera {

struct CsvLine {
  int line = 0;  // where it begins, from 1
  std::vector<std::string> fields;
};

// Empty lines are left out.
Expected<std::vector<CsvLine>> read_csv(const std::string& file);

}  // namespace tessera
