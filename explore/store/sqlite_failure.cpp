#include "explore/store/sqlite_failure.h"

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>
#include <sqlite3.h>

namespace tessera::explore {

bool means_damage(const SQLite::Exception& error) {
  return error.getErrorCode() == SQLITE_CORRUPT || error.getErrorCode() == SQLITE_NOTADB;
}

Failure sqlite_failure(const SQLite::Exception& error, const std::string& path) {
  const int code = error.getErrorCode();
  if (means_damage(error))
    return fail(ExitCode::bad_input, {path, "", fmt::format("the store is damaged ({})", error.what()),
                                      "run the same sweep again: it takes over the rows that are whole"});
  if (code == SQLITE_FULL || code == SQLITE_IOERR)
    return fail(ExitCode::bad_input,
                {path, "", fmt::format("cannot be written ({}); the disk is full or failing", error.what()),
                 "finished points are kept: free some space and run the same command again"});
  if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_PERM)
    return fail(ExitCode::bad_input, {path, "", fmt::format("cannot be written ({})", error.what()),
                                      "a folder that can be written; choose one with --out"});
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return fail(ExitCode::bad_input,
                {path, "", fmt::format("is in use ({})", error.what()), "close the other program that writes to it"});
  return fail(ExitCode::internal, {path, "", fmt::format("SQLite: {}", error.what()), ""});
}

}  // namespace tessera::explore
