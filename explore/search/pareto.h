// The points that no other point beats in every objective.
#pragma once
#include <string>
#include <vector>

#include "explore/collect/table.h"

namespace tessera::explore {

struct Objective {
  std::string column;
  bool maximize = false;
};

// Problems of objectives that are no numeric columns of the table, with the nearest name and the legal ones.
std::vector<Problem> check_objectives(const Table& table, const std::vector<Objective>& objectives);

// Indices into table.rows, sorted by the objectives in order. Rows without a number in an objective do not count; of
// rows with equal objectives all are kept.
std::vector<std::size_t> pareto_front(const Table& table, const std::vector<Objective>& objectives);

}  // namespace tessera::explore
