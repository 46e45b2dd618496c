// Mappings that runs decided, kept between runs: the same run again follows its mapping instead of searching for it. A
// file per outcome (content_hash) and build of this program in $XDG_CACHE_HOME/tessera/mappings, or
// ~/.cache/tessera/mappings; of many the oldest go. Where the folder cannot be used, nothing is kept.
#pragma once
#include <optional>
#include <string>

#include "sim/run/pipeline.h"

namespace tessera::run {

std::optional<std::string> remembered_mapping(const RunConfig& config, Density density);
void remember_mapping(const RunConfig& config, Density density, const std::string& text);

}  // namespace tessera::run
