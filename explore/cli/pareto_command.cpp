#include <fmt/format.h>

#include <memory>

#include "explore/cli.h"
#include "explore/cli/report.h"
#include "explore/search/pareto.h"
#include "explore/space/space.h"
#include "explore/store/store.h"

namespace tessera::explore {
namespace {

struct ParetoArguments {
  std::string folder, where;
  std::vector<std::string> minimize, maximize;
};

// The finished points that meet a condition over the columns of the table, and their numbers.
struct Chosen {
  Table table;
  std::vector<std::size_t> points;  // from 1
};

Expected<Chosen> choose(const Table& all, const std::string& where) {
  const std::vector<std::string> columns = reachable_columns(all);
  std::optional<Condition> condition;
  if (!where.empty()) {
    auto parsed = Condition::parse(where, columns);
    if (!parsed) return parsed.failure();
    condition = std::move(*parsed);
  }
  Chosen chosen;
  chosen.table.axes = all.axes;
  chosen.table.accuracy = all.accuracy;
  for (std::size_t r = 0; r < all.rows.size(); ++r) {
    if (all.rows[r].status != status::done) continue;
    if (condition) {
      std::vector<Json> values = {r + 1};
      for (std::size_t c = 1; c < columns.size(); ++c) values.push_back(cell(all, all.rows[r], columns[c]));
      const auto holds = condition->holds([&](int c) -> const Json& { return values[static_cast<std::size_t>(c)]; });
      if (!holds) return holds.failure();
      if (!*holds) continue;
    }
    chosen.table.rows.push_back(all.rows[r]);
    chosen.points.push_back(r + 1);
  }
  if (chosen.points.empty() && condition) return no_point_meets(*condition, "");
  return chosen;
}

int pareto(const ParetoArguments& a) {
  std::vector<Objective> objectives;
  for (const std::string& column : a.minimize) objectives.push_back({column, false});
  for (const std::string& column : a.maximize) objectives.push_back({column, true});
  const auto store = Store::read(a.folder);
  if (!store) return report(store.failure());
  auto table = read_table(*store);
  if (!table) return report(table.failure());
  if (auto failure = join_accuracy(*table, a.folder)) return report(*failure);
  const auto problems = check_objectives(*table, objectives);
  if (!problems.empty()) return report(Failure{ExitCode::bad_input, problems});
  const auto chosen = choose(*table, a.where);
  if (!chosen) return report(chosen.failure());

  Table front;
  front.axes = table->axes;
  std::vector<std::string> names = {"point"};
  for (const Objective& o : objectives) names.push_back(o.column);
  names.insert(names.end(), table->axes.begin(), table->axes.end());
  std::vector<std::vector<std::string>> lines = {names};
  for (const std::size_t r : pareto_front(chosen->table, objectives)) {
    std::vector<std::string> line = {std::to_string(chosen->points[r])};
    for (std::size_t c = 1; c < names.size(); ++c)
      line.push_back(csv_cell(cell(*table, chosen->table.rows[r], names[c])));
    lines.push_back(line);
  }
  std::vector<std::size_t> widths(names.size(), 0);
  std::string csv;
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
    csv += fmt::format("{}\n", fmt::join(line, ","));
  }
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) fmt::print("{}{:>{}}", c > 0 ? "  " : "", line[c], widths[c]);
    fmt::print("\n");
  }
  if (auto failure = write_file(a.folder + "/pareto.csv", csv)) return report(*failure);
  fmt::print("{} of {} points; {}/pareto.csv\n", lines.size() - 1, chosen->points.size(), a.folder);
  return 0;
}

}  // namespace

void add_pareto_command(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<ParetoArguments>();
  CLI::App* command = app.add_subcommand("pareto", "Points of a sweep that no other point beats in every objective");
  command->add_option("folder", a->folder, "folder of the sweep")->required();
  command->add_option("--min", a->minimize, "column of the table to minimize; repeatable")->allow_extra_args(false);
  command->add_option("--max", a->maximize, "column of the table to maximize; repeatable")->allow_extra_args(false);
  command->add_option("--where", a->where,
                      "only points that meet this, such as \"network_name == 'vgg16' && cores <= 16\"");
  command->callback([a, &exit_code] {
    if (a->minimize.size() + a->maximize.size() < 2) throw CLI::RequiredError("two or more of --min and --max");
    exit_code = pareto(*a);
  });
}

}  // namespace tessera::explore
