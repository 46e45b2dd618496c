// The columns of table `runs` in the order in which statements here name them.
#pragma once
#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include "explore/store/record.h"

namespace tessera::explore {

// Large texts stand last: reading a status then never touches their pages.
constexpr const char* run_columns =
    "key, density, status, reason, attempts, seconds, memory_mb, program_hash, build, checksum, result, layers, config";

// Reads a row selected with run_columns; `checksum` is returned beside it.
RunRecord read_run(SQLite::Statement& row, std::string& checksum);

// Binds parameters 1..13 of a statement that inserts run_columns.
void bind_run(SQLite::Statement& insert, const RunRecord& run);

}  // namespace tessera::explore
