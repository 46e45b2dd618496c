#include "explore/search/pareto.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::explore {
namespace {

// Columns that never hold a number; an axis may hold texts too, which its values show.
bool is_text(const Table& table, const std::string& column) {
  const bool axis = std::find(table.axes.begin(), table.axes.end(), column) != table.axes.end();
  if (!axis && is_text_column(column)) return true;
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
    const Json value = cell(table, row, column);
    return row.status == status::done && !value.is_null() && !value.is_number();
  });
}

}  // namespace

std::vector<Problem> check_objectives(const Table& table, const std::vector<Objective>& objectives) {
  std::vector<Problem> problems;
  const std::vector<std::string> names = reachable_columns(table);
  std::vector<std::string> numbers;
  for (const std::string& name : names)
    if (!is_text(table, name)) numbers.push_back(name);
  const std::string legal = fmt::format("columns of numbers: {}", fmt::join(numbers, ", "));
  for (auto objective = objectives.begin(); objective != objectives.end(); ++objective)
    if (std::any_of(objectives.begin(), objective, [&](const auto& o) { return o.column == objective->column; }))
      problems.push_back({"", objective->column, "is given twice", "each column once, to be minimized or maximized"});
  for (const Objective& objective : objectives) {
    if (std::find(names.begin(), names.end(), objective.column) != names.end()) {
      if (is_text(table, objective.column)) problems.push_back({"", objective.column, "holds no numbers", legal});
      continue;
    }
    const std::string near = nearest_name(objective.column, numbers);
    problems.push_back({"", objective.column, "is no column of the table",
                        near.empty() ? legal : fmt::format("did you mean '{}'? {}", near, legal)});
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
