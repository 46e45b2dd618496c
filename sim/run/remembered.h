// What runs decided, kept between runs: the same run again follows its mapping instead of searching for it, and takes
// the routes of its streams from where they were planned. A file of each kind per outcome (content_hash) and build of
// this program in $XDG_CACHE_HOME/tessera/runs, or
// ~/.cache/tessera/runs; of more than 256 MB the oldest go. Where the folder cannot be used, nothing is kept.
#pragma once
#include <optional>
#include <string>

#include "sim/run/pipeline.h"

namespace tessera::run {

enum class Remembered {
  mapping,  // its text
  routes,   // KnownPlans::written
};
std::optional<std::string> remembered(const RunConfig& config, Density density, Remembered what);
void remember(const RunConfig& config, Density density, Remembered what, const std::string& bytes);

}  // namespace tessera::run
