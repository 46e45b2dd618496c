// What the parts of the store share: access that turns an exception of SQLite into a Failure. Within explore/store
// only.
#pragma once
#include <string>

#include "explore/store/sqlite_failure.h"

namespace tessera::explore {

template <class Work>
auto guarded(const std::string& path, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const SQLite::Exception& e) {
    return sqlite_failure(e, path);
  }
}

// Runs of the plan with the order in which they are worth running.
inline constexpr const char* planned =
    "(SELECT key, min(o) AS o FROM (SELECT key, 2 * position + 1 AS o FROM plan"
    " UNION ALL SELECT baseline, 2 * position FROM plan WHERE baseline <> '') GROUP BY key)";

}  // namespace tessera::explore
