// Takes whole rows out of a damaged store.
#pragma once
#include <string>
#include <vector>

#include "explore/store/record.h"

namespace tessera::explore {

// Every finished run that can still be read and whose checksum holds. Reads from both ends of the table, because a
// damaged page ends a scan. Never writes to the file.
std::vector<RunRecord> salvage_runs(const std::string& path);

}  // namespace tessera::explore
