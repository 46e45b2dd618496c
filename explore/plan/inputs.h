// What a plan was made of, as one checksum: the sweep file, every file it leads to, and the build that reads them. When
// it is unchanged the stored plan holds, and a sweep that is started again goes on at once.
#pragma once
#include <string>

#include "explore/sweep/sweep_file.h"

namespace tessera::explore {

// Follows the base config and every text that names an existing file beside the file it stands in, or a kernel library.
std::string plan_inputs(const Sweep& sweep, const std::string& build);

}  // namespace tessera::explore
