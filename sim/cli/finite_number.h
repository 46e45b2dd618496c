// Checks of options that are real numbers: neither infinite nor "nan", which no range refuses; above zero.
#pragma once
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <string>

namespace tessera::cli {

inline CLI::Validator finite_number() {
  return CLI::Validator(
      [](std::string& given) {
        return std::isfinite(std::strtod(given.c_str(), nullptr)) ? std::string()
                                                                  : "'" + given + "' is no finite number";
      },
      "");
}

inline CLI::Validator positive_number() {
  return CLI::Validator(
      [](std::string& given) {
        const double value = std::strtod(given.c_str(), nullptr);
        return value > 0 && std::isfinite(value) ? std::string() : "'" + given + "' is no number above 0";
      },
      "POSITIVE");
}

}  // namespace tessera::cli
