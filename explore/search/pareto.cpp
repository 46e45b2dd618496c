#include "explore/search/pareto.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::explore {

std::vector<Problem> check_objectives(const Table& table, const std::vector<Objective>& objectives) {
  std::vector<Problem> problems;
  const std::vector<std::string> names = column_names(table);
  for (const Objective& objective : objectives) {
    if (std::find(names.begin(), names.end(), objective.column) != names.end()) {
      const bool text = std::any_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
        const Json value = cell(table, row, objective.column);
        return row.status == status::done && !value.is_null() && !value.is_number();
      });
      if (text) problems.push_back({"", objective.column, "holds no numbers", "a column of numbers, such as latency_us"});
      continue;
    }
    const std::string near = nearest_name(objective.column, names);
    problems.push_back(
        {"", objective.column, "is no column of the table",
         near.empty() ? fmt::format("columns: {}", fmt::join(names, ", ")) : fmt::format("did you mean '{}'?", near)});
  }
  return problems;
}

std::vector<std::size_t> pareto_front(const Table& table, const std::vector<Objective>& objectives) {
  struct Point {
    std::size_t row;
    std::vector<double> cost;
  };
  std::vector<Point> points;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    Point point{r, {}};
    for (const Objective& objective : objectives) {
      const Json value = cell(table, table.rows[r], objective.column);
      if (!value.is_number() || table.rows[r].status != status::done) break;
      point.cost.push_back(objective.maximize ? -value.get<double>() : value.get<double>());
    }
    if (point.cost.size() == objectives.size()) points.push_back(std::move(point));
  }
  std::stable_sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.cost < b.cost; });

  // In this order no later point can dominate an earlier one.
  std::vector<Point> front;
  for (const Point& point : points) {
    const bool beaten = std::any_of(front.begin(), front.end(), [&](const Point& other) {
      if (other.cost == point.cost) return false;
      for (std::size_t i = 0; i < point.cost.size(); ++i)
        if (other.cost[i] > point.cost[i]) return false;
      return true;
    });
    if (!beaten) front.push_back(point);
  }
  std::vector<std::size_t> rows;
  for (const Point& point : front) rows.push_back(point.row);
  return rows;
}

}  // namespace tessera::explore
