// Operations where they belong.
#pragma once
#include "sim/control/operations.h"

namespace tessera::control {

// Puts every operation before the one of its place, and what refers to operations by their number with them.
void arrange(Operations& operations, program::EngineId first_controller);

}  // namespace tessera::control
