// What an SQLite error means to the user of a sweep: full disk, read-only folder, damaged store.
#pragma once
#include <string>

#include "sim/base/error.h"

namespace SQLite {
class Exception;
}

namespace tessera::explore {

Failure sqlite_failure(const SQLite::Exception& error, const std::string& path);
bool means_damage(const SQLite::Exception& error);

}  // namespace tessera::explore
