// Variants of the open engine by name: configs/designs/open_engine/variants.json.
#pragma once
#include <string>

#include "sim/base/error.h"
#include "sim/designs/open_engine/layer_split.h"

namespace tessera::designs::open_engine {

// What a variant leaves out is as in the final one.
Expected<Variant> load_variant(const std::string& file, const std::string& name);

}  // namespace tessera::designs::open_engine
