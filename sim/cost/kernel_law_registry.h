// All laws by name; laws read from a file of coefficients are added when the file is loaded.
#pragma once
#include <map>
#include <string>

#include "sim/cost/kernel_law.h"

namespace tessera::cost {

std::map<std::string, const KernelLaw*>& kernel_law_registry();

}  // namespace tessera::cost
