// The store of a sweep: DIR/store.sqlite in WAL mode, one row per run addressed by content, one row per planned point.
// Every write is one transaction. It opens with plain sqlite3; results/README.md documents its tables.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "explore/store/counts.h"
#include "explore/store/record.h"
#include "sim/base/error.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace tessera::explore {

// On a network file system SQLite must neither share memory between processes nor rely on their locks: there the store
// keeps a rollback journal and an exclusive lock for as long as it is open.
enum class StoreMedium { local, network };
StoreMedium medium_of(const std::string& folder);
bool is_network_file_system(long type);  // f_type of statfs

// Which file a path leads to.
struct FileId {
  std::uint64_t device = 0, number = 0;
  bool operator!=(const FileId& other) const { return device != other.device || number != other.number; }
};

class Store {
 public:
  // Opens for writing, makes a new one if there is none. A damaged store is moved aside and its whole rows are taken
  // over; a run whose content does not have its checksum is dropped; `notice` says so. The caller holds the folder's
  // lock.
  static Expected<Store> open(const std::string& folder, std::string& notice);
  static Expected<Store> open(const std::string& folder, std::string& notice, StoreMedium medium);

  // Opens an existing store to read, also while another process writes.
  static Expected<Store> read(const std::string& folder);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Replaces the plan by what `fill` adds with add_point, all of it or nothing. `inputs` names what the plan was made
  // of.
  std::optional<Failure> set_plan(const std::vector<std::string>& axes, const std::string& sweep_text,
                                  const std::string& inputs, const std::function<std::optional<Failure>(Store&)>& fill);

  // Adds a point to the end of the plan, and those of its runs that are not there yet; existing ones keep their state.
  std::optional<Failure> add_point(const PlanEntry& point, const std::vector<RunRecord>& runs);

  // Writes the state of a run after an attempt; inserts the run if it is new. Fails when the file of the store is not
  // the one that was opened: what is written to it would be lost.
  std::optional<Failure> record(const RunRecord& run);

  // Sets the runs of the plan that are worth another attempt back to pending. Returns how many.
  Expected<int> reset_failed(const std::set<std::string>& except = {});

  // Keys of the pending runs of the plan: in plan order, each baseline before the first point that needs it.
  Expected<std::vector<std::string>> pending() const;

  Expected<RunRecord> run(const std::string& key) const;
  Expected<RunRecord> outcome(const std::string& key) const;  // without config and layers; pending if it is not there

  // Planned runs that are not there, because they were dropped or deleted: only a new plan brings them back.
  Expected<int> missing() const;

  // Status of every run of the plan, by key, missing ones pending; and how many there are of each.
  Expected<std::map<std::string, std::string>> statuses() const;
  Expected<Counts> counts() const;

  Expected<std::vector<std::string>> axes() const;
  // Fails when a damaged store has lost its plan: there is nothing to collect or retry before the sweep runs again.
  Expected<std::string> sweep_text() const;
  Expected<std::string> plan_inputs() const;
  Expected<std::vector<PlanEntry>> plan() const;
  Expected<double> mean_seconds() const;  // per finished run; 0 when there is none
  Expected<int> runs_of_other_builds(const std::string& build) const;

 private:
  Expected<std::string> meta(const std::string& name) const;
  Expected<std::vector<std::string>> drop_changed();
  explicit Store(std::unique_ptr<SQLite::Database> db, std::string path);
  std::unique_ptr<SQLite::Database> db_;
  std::unique_ptr<SQLite::Statement> write_, add_run_, add_entry_;
  std::string path_;
  FileId file_;
};

}  // namespace tessera::explore
