// What a run config means where it says nothing.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "sim/config/document.h"

namespace tessera::run {

// A mask file given with --set takes the place of the generator that the config file names.
void replace_generator(config::Document& document);

// Puts the defaults in; parts of the wrong type, which have been reported, stay as they are.
void complete(nlohmann::json& config, const std::string& name);

}  // namespace tessera::run
