// The arrays of sim/tensor/, by their own names.
#pragma once
#include "sim/tensor/tensor.h"

namespace tessera::import {

using namespace tensor;

}  // namespace tessera::import
