// What a store says about its plan and its runs.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "explore/store/rows.h"
#include "explore/store/store.h"
#include "explore/store/store_access.h"

namespace tessera::explore {

Expected<std::vector<std::string>> Store::pending() const {
  return guarded(path_, [&]() -> Expected<std::vector<std::string>> {
    SQLite::Statement rows(*db_, fmt::format("SELECT key FROM {} JOIN runs USING (key) WHERE status = '{}' ORDER BY o",
                                             planned, status::pending));
    std::vector<std::string> keys;
    while (rows.executeStep()) keys.push_back(rows.getColumn(0).getString());
    return keys;
  });
}

Expected<RunRecord> Store::run(const std::string& key) const {
  return guarded(path_, [&]() -> Expected<RunRecord> {
    SQLite::Statement row(*db_, fmt::format("SELECT {} FROM runs WHERE key = ?", run_columns));
    row.bind(1, key);
    std::string checksum;
    if (!row.executeStep()) return fail(ExitCode::internal, {path_, "", "no run " + key, ""});
    return read_run(row, checksum);
  });
}

Expected<RunRecord> Store::outcome(const std::string& key) const {
  return guarded(path_, [&]() -> Expected<RunRecord> {
    SQLite::Statement row(*db_, "SELECT density, status, reason, program_hash, result FROM runs WHERE key = ?");
    row.bind(1, key);
    RunRecord run;
    run.key = key;
    if (!row.executeStep()) return run;
    run.dense = row.getColumn(0).getString() == "dense";
    run.status = row.getColumn(1).getString();
    run.reason = row.getColumn(2).getString();
    run.program_hash = row.getColumn(3).getString();
    run.result = row.getColumn(4).getString();
    return run;
  });
}

Expected<int> Store::missing() const {
  return guarded(path_, [&]() -> Expected<int> {
    SQLite::Statement row(
        *db_, fmt::format("SELECT count(*) FROM {} LEFT JOIN runs USING (key) WHERE runs.id IS NULL", planned));
    return row.executeStep() ? row.getColumn(0).getInt() : 0;
  });
}

Expected<std::map<std::string, std::string>> Store::statuses() const {
  return guarded(path_, [&]() -> Expected<std::map<std::string, std::string>> {
    SQLite::Statement rows(*db_, fmt::format("SELECT key, coalesce(status, '{}') FROM {} LEFT JOIN runs USING (key)",
                                             status::pending, planned));
    std::map<std::string, std::string> statuses;
    while (rows.executeStep()) statuses[rows.getColumn(0).getString()] = rows.getColumn(1).getString();
    return statuses;
  });
}

Expected<Counts> Store::counts() const {
  const auto points = plan();
  if (!points) return points.failure();
  const auto all = statuses();
  if (!all) return all.failure();
  return count(*points, *all);
}

Expected<std::string> Store::meta(const std::string& name) const {
  return guarded(path_, [&]() -> Expected<std::string> {
    SQLite::Statement row(*db_, "SELECT value FROM meta WHERE name = ?");
    row.bind(1, name);
    return row.executeStep() ? row.getColumn(0).getString() : std::string();
  });
}

Expected<std::vector<std::string>> Store::axes() const {
  const auto text = meta("axes");
  if (!text) return text.failure();
  if (text->empty()) return std::vector<std::string>{};
  return nlohmann::json::parse(*text).get<std::vector<std::string>>();
}

Expected<std::string> Store::sweep_text() const {
  auto text = meta("sweep");
  if (text && text->empty())
    return fail(ExitCode::bad_input, {path_, "", "the plan of the sweep is lost, finished runs are kept",
                                      "tessera sweep with the sweep file makes it again"});
  return text;
}

Expected<std::string> Store::plan_inputs() const { return meta("inputs"); }

Expected<std::vector<PlanEntry>> Store::plan() const {
  return guarded(path_, [&]() -> Expected<std::vector<PlanEntry>> {
    SQLite::Statement rows(*db_, "SELECT key, baseline, coordinates FROM plan ORDER BY position");
    std::vector<PlanEntry> entries;
    while (rows.executeStep())
      entries.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(), rows.getColumn(2).getString()});
    return entries;
  });
}

Expected<double> Store::mean_seconds() const {
  return guarded(path_, [&]() -> Expected<double> {
    SQLite::Statement row(*db_, "SELECT coalesce(avg(seconds), 0) FROM runs WHERE status = 'done'");
    return row.executeStep() ? row.getColumn(0).getDouble() : 0.0;
  });
}

Expected<int> Store::runs_of_other_builds(const std::string& build) const {
  return guarded(path_, [&]() -> Expected<int> {
    SQLite::Statement row(*db_, fmt::format("SELECT count(*) FROM {} JOIN runs USING (key) WHERE build <> ? AND status "
                                            "NOT IN ('pending', 'invalid')",
                                            planned));
    row.bind(1, build);
    return row.executeStep() ? row.getColumn(0).getInt() : 0;
  });
}

}  // namespace tessera::explore
