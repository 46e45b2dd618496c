// Values of axes and cells as table.csv writes them.
#pragma once
#include <string>

#include "explore/runner.h"

namespace tessera::explore {

// [8, 8] is 8x8, an object JSON.
std::string cell_text(const Json& value);

}  // namespace tessera::explore
