// JSON Schemas of the files that readers of their own read: network files and kernel libraries. Which keys there are
// comes from those readers.
#pragma once
#include <nlohmann/json.hpp>

namespace tessera::run {

nlohmann::ordered_json network_schema();
nlohmann::ordered_json kernel_library_schema();

}  // namespace tessera::run
