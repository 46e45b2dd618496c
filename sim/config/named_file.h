// Files that may be called by a bare name: "aie2" for the aie2.json of a folder of names.
#pragma once
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::config {

// What `given` stands for: a path, relative to the folder `from` (a file there, or anything with a / or a dot in it),
// or a name in the folder `names` (empty: there are no names). Neither: one problem without a place, which lists the
// names.
Expected<std::string> named_file(const std::string& given, const std::string& from, const std::string& names);

// Stems of the .json files in a folder, sorted.
std::vector<std::string> names_in(const std::string& folder);

// Why there are none: "/tmp/hardware is no folder that can be read", and what helps.
std::string no_names(const std::string& folder);
constexpr const char* names_elsewhere =
    "the path of a file, or a folder of configs with such files in the environment variable TESSERA_CONFIGS";

// "did you mean "aie2"? legal: aie2, ve2802"
std::string legal_names(const std::string& given, const std::vector<std::string>& names);

}  // namespace tessera::config
