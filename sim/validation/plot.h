// The scatter plot of a validation, drawn by results/validation/plot_validation.py (Python, matplotlib).
#pragma once
#include <optional>
#include <string>

#include "sim/validation/validate.h"

namespace tessera::validation {

// Draws into `file`; its ending names the format.
std::optional<Failure> plot_validation(const Validation& validation, const std::string& config_folder,
                                       const std::string& file);

}  // namespace tessera::validation
