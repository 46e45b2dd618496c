#include "explore/store/salvage.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include "explore/store/rows.h"

namespace tessera::explore {

namespace {

// A copy of the store whose header counts just the pages that are there: SQLite reads nothing of a file that is shorter
// than its header says.
class Copy {
 public:
  explicit Copy(const std::string& path) : path_(path + ".salvage") {
    std::error_code ignored;
    std::filesystem::copy_file(path, path_, std::filesystem::copy_options::overwrite_existing, ignored);
    if (std::filesystem::exists(path + "-wal"))
      std::filesystem::copy_file(path + "-wal", path_ + "-wal", std::filesystem::copy_options::overwrite_existing,
                                 ignored);
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    std::array<unsigned char, 2> size = {};
    file.seekg(16);  // page size, big-endian; 1 stands for 65536
    file.read(reinterpret_cast<char*>(size.data()), 2);
    const std::uint32_t page = size[0] == 0 && size[1] == 1 ? 65536 : size[0] * 256u + size[1];
    if (!file || page < 512) return;
    const auto pages = static_cast<std::uint32_t>(std::filesystem::file_size(path_, ignored) / page);
    const std::array<char, 4> count = {static_cast<char>(pages >> 24), static_cast<char>(pages >> 16),
                                       static_cast<char>(pages >> 8), static_cast<char>(pages)};
    file.seekp(28);
    file.write(count.data(), 4);
  }
  ~Copy() {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(path_ + suffix, ignored);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::vector<RunRecord> salvage_runs(const std::string& damaged) {
  const Copy copy(damaged);
  std::map<std::string, RunRecord> whole;
  for (const char* order : {"ASC", "DESC"}) {
    try {
      SQLite::Database db(copy.path(), SQLite::OPEN_READWRITE);
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
