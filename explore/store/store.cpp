#include "explore/store/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/Savepoint.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "explore/store/rows.h"
#include "explore/store/salvage.h"
#include "explore/store/store_access.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plan (position INTEGER PRIMARY KEY, key TEXT NOT NULL, baseline TEXT NOT NULL,
                                 coordinates TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, density TEXT NOT NULL,
                                 status TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT NULL,
                                 seconds REAL NOT NULL, memory_mb REAL NOT NULL, program_hash TEXT NOT NULL,
                                 build TEXT NOT NULL, checksum TEXT NOT NULL, result TEXT NOT NULL,
                                 layers TEXT NOT NULL, config TEXT NOT NULL);
CREATE VIEW IF NOT EXISTS points AS
  SELECT plan.position, plan.coordinates, runs.*, dense.status AS dense_status, dense.result AS dense_result
  FROM plan JOIN runs ON runs.key = plan.key LEFT JOIN runs AS dense ON dense.key = plan.baseline;
)";

// PRAGMA user_version of a store: the version of the tables above. A file that has none yet has 0.
constexpr int schema_version = 1;

std::string store_path(const std::string& folder) { return folder + "/store.sqlite"; }

std::string insert_run(const char* verb) {
  return fmt::format("{} INTO runs ({}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", verb, run_columns);
}

// An existing run keeps its row (and its config); only its state changes.
const std::string& upsert_run() {
  static const std::string text =
      insert_run("INSERT") +
      " ON CONFLICT (key) DO UPDATE SET status = excluded.status, reason = excluded.reason,"
      " attempts = excluded.attempts, seconds = excluded.seconds, memory_mb = excluded.memory_mb,"
      " program_hash = excluded.program_hash, build = excluded.build, checksum = excluded.checksum,"
      " result = excluded.result, layers = excluded.layers";
  return text;
}

int version_of(SQLite::Database& db) { return db.execAndGet("PRAGMA user_version").getInt(); }

std::unique_ptr<SQLite::Database> connect(const std::string& path, StoreMedium medium) {
  auto db = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 10000);
  if (medium == StoreMedium::network) {
    db->exec("PRAGMA locking_mode = EXCLUSIVE");
    db->exec("PRAGMA journal_mode = DELETE");
    db->exec("PRAGMA synchronous = FULL");
  } else {
    db->exec("PRAGMA journal_mode = WAL");
    db->exec("PRAGMA synchronous = NORMAL");
  }
  if (version_of(*db) != 0) return db;
  SQLite::Transaction whole(*db);
  db->exec(schema);
  db->exec(fmt::format("PRAGMA user_version = {}", schema_version));
  whole.commit();
  return db;
}

Failure foreign(const std::string& path, int version) {
  return fail(ExitCode::bad_input, {path, "", fmt::format("has version {} of the tables", version),
                                    fmt::format("legal: {}; another folder with --out", schema_version)});
}

FileId file_of(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

bool is_damaged(SQLite::Database& db) {
  SQLite::Statement check(db, "PRAGMA quick_check(1)");
  return !check.executeStep() || check.getColumn(0).getString() != "ok";
}

}  // namespace

Store::Store(std::unique_ptr<SQLite::Database> db, std::string path)
    : db_(std::move(db)), path_(std::move(path)), file_(file_of(path_)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

bool is_network_file_system(long type) {
  switch (static_cast<unsigned long>(type) & 0xfffffffful) {
    case 0x6969:
    case 0x517b:
    case 0xfe534d42:
    case 0xff534d42:  // NFS, SMB, SMB2, CIFS
    case 0x0bd00bd0:
    case 0x47504653:
    case 0x19830326:
    case 0x00c36400:  // Lustre, GPFS, BeeGFS, Ceph
    case 0x5346414f:
    case 0x013661be:
    case 0xaad7aaea:
    case 0x20030528:
      return true;  // AFS, GFS2, PanFS, OrangeFS
    default:
      return false;
  }
}

StoreMedium medium_of(const std::string& folder) {
  struct statfs info = {};
  const bool network = ::statfs(folder.c_str(), &info) == 0 && is_network_file_system(static_cast<long>(info.f_type));
  return network ? StoreMedium::network : StoreMedium::local;
}

Expected<Store> Store::open(const std::string& folder, std::string& notice) {
  return open(folder, notice, medium_of(folder));
}

Expected<Store> Store::open(const std::string& folder, std::string& notice, StoreMedium medium) {
  const std::string path = store_path(folder);
  try {
    auto db = connect(path, medium);
    if (const int version = version_of(*db); version != schema_version) return foreign(path, version);
    if (!is_damaged(*db)) {
      Store store(std::move(db), path);
      const auto dropped = store.drop_changed();
      if (!dropped) return dropped.failure();
      if (!dropped->empty())
        notice = fmt::format(
            "{} runs of the store are not what their checksum says and are dropped, the first is {}; tessera sweep "
            "with "
            "the sweep file makes them again",
            dropped->size(), dropped->front());
      return store;
    }
  } catch (const SQLite::Exception& e) {
    if (!means_damage(e)) return sqlite_failure(e, path);
  }
  return guarded(path, [&]() -> Expected<Store> {
    const std::vector<RunRecord> whole = salvage_runs(path);
    std::string aside;
    for (int n = 1; aside.empty() || fs::exists(aside); ++n) aside = fmt::format("{}.damaged-{}", path, n);
    for (const char* suffix : {"-wal", "-shm", ""})
      if (fs::exists(path + suffix)) fs::rename(path + suffix, aside + suffix);
    auto db = connect(path, medium);
    SQLite::Transaction transaction(*db);
    SQLite::Statement insert(*db, insert_run("INSERT OR REPLACE"));
    for (const RunRecord& run : whole) {
      bind_run(insert, run);
      insert.exec();
    }
    transaction.commit();
    notice = fmt::format(
        "the store was damaged: {} finished runs were whole and are kept, the rest runs again; the "
        "damaged file is now {}",
        whole.size(), aside);
    return Store(std::move(db), path);
  });
}

Expected<Store> Store::read(const std::string& folder) {
  const std::string path = store_path(folder);
  if (!fs::exists(path))
    return fail(ExitCode::bad_input, {folder, "", "holds no sweep (no store.sqlite)", "the folder of a sweep"});
  return guarded(path, [&]() -> Expected<Store> {
    auto db = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READONLY, 10000);
    if (const int version = version_of(*db); version != 0 && version != schema_version) return foreign(path, version);
    if (!db->tableExists("plan")) {  // whoever made the file was stopped before it wrote anything
      db = std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      db->exec(schema);
    }
    return Store(std::move(db), path);
  });
}

// Keys of the runs that were dropped.
Expected<std::vector<std::string>> Store::drop_changed() {
  return guarded(path_, [&]() -> Expected<std::vector<std::string>> {
    std::vector<std::string> changed;
    SQLite::Statement rows(*db_, fmt::format("SELECT {} FROM runs", run_columns));
    std::string expected;
    while (rows.executeStep()) {
      const RunRecord run = read_run(rows, expected);
      if (record_checksum(run) != expected) changed.push_back(run.key);
    }
    rows.reset();
    SQLite::Transaction transaction(*db_);
    SQLite::Statement drop(*db_, "DELETE FROM runs WHERE key = ?");
    for (const std::string& key : changed) {
      drop.reset();
      drop.bind(1, key);
      drop.exec();
    }
    transaction.commit();
    return changed;
  });
}

std::optional<Failure> Store::set_plan(const std::vector<std::string>& axes, const std::string& sweep_text,
                                       const std::string& inputs,
                                       const std::function<std::optional<Failure>(Store&)>& fill) {
  return guarded(path_, [&]() -> std::optional<Failure> {
    SQLite::Transaction transaction(*db_);
    db_->exec("DELETE FROM plan");
    SQLite::Statement meta(*db_, "INSERT OR REPLACE INTO meta VALUES (?, ?)");
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"axes", nlohmann::json(axes).dump()},
                                      std::pair<std::string, std::string>{"sweep", sweep_text},
                                      std::pair<std::string, std::string>{"inputs", inputs}}) {
      meta.reset();
      meta.bind(1, name);
      meta.bind(2, value);
      meta.exec();
    }
    if (auto failure = fill(*this)) return failure;
    transaction.commit();
    return std::nullopt;
  });
}

std::optional<Failure> Store::add_point(const PlanEntry& point, const std::vector<RunRecord>& runs) {
  return guarded(path_, [&]() -> std::optional<Failure> {
    if (!add_run_) {
      add_run_ = std::make_unique<SQLite::Statement>(*db_, insert_run("INSERT OR IGNORE"));
      add_entry_ =
          std::make_unique<SQLite::Statement>(*db_, "INSERT INTO plan (key, baseline, coordinates) VALUES (?, ?, ?)");
    }
    SQLite::Savepoint savepoint(*db_, "point");
    for (const RunRecord& run : runs) {
      bind_run(*add_run_, run);
      add_run_->exec();
    }
    add_entry_->reset();
    add_entry_->bind(1, point.key);
    add_entry_->bind(2, point.baseline);
    add_entry_->bind(3, point.coordinates);
    add_entry_->exec();
    savepoint.release();
    return std::nullopt;
  });
}

std::optional<Failure> Store::record(const RunRecord& run) {
  return guarded(path_, [&]() -> std::optional<Failure> {
    if (file_of(path_) != file_)
      return fail(ExitCode::bad_input, {path_, "", "was deleted or replaced while the sweep ran",
                                        "leave the folder of a running sweep alone"});
    if (!write_) write_ = std::make_unique<SQLite::Statement>(*db_, upsert_run());
    bind_run(*write_, run);
    write_->exec();
    return std::nullopt;
  });
}

Expected<int> Store::reset_failed(const std::set<std::string>& except) {
  const auto all = statuses();
  if (!all) return all.failure();
  return guarded(path_, [&]() -> Expected<int> {
    SQLite::Transaction transaction(*db_);
    int n = 0;
    for (const auto& [key, state] : *all) {
      if (!worth_retrying(state) || except.count(key) > 0) continue;
      auto again = run(key);
      if (!again) return again.failure();
      again->status = status::pending;
      again->attempts = 0;
      again->reason.clear();
      if (auto failure = record(*again)) return *failure;
      ++n;
    }
    transaction.commit();
    return n;
  });
}

}  // namespace tessera::explore
