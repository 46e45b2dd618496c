#include "explore/store/salvage.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

#include <map>

#include "explore/store/rows.h"

namespace tessera::explore {

std::vector<RunRecord> salvage_runs(const std::string& path) {
  std::map<std::string, RunRecord> whole;
  for (const char* order : {"ASC", "DESC"}) {
    try {
      SQLite::Database db(path, SQLite::OPEN_READONLY);
      SQLite::Statement rows(db, fmt::format("SELECT {} FROM runs NOT INDEXED WHERE status <> '{}' ORDER BY id {}",
                                             run_columns, status::pending, order));
      std::string expected;
      while (rows.executeStep()) {
        RunRecord run = read_run(rows, expected);
        if (record_checksum(run) == expected) whole.emplace(run.key, std::move(run));
      }
    } catch (const SQLite::Exception&) {
      // The scan ends at the damage; the other direction may reach further.
    }
  }
  std::vector<RunRecord> result;
  for (auto& [key, run] : whole) result.push_back(std::move(run));
  return result;
}

}  // namespace tessera::explore
