// Checks of options that are real numbers: neither infinite nor "nan", which no range refuses; above zero. And of
// seeds.
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

// Digits alone: an unsigned number is read of "-1", too.
inline CLI::Validator natural_number() {
  return CLI::Validator(
      [](std::string& given) {
        const bool digits = given.find_first_not_of("0123456789") == std::string::npos;
        return digits && !given.empty() && given.size() < 20 ? std::string()
                                                             : "'" + given + "' is no whole number from 0 to 10^19";
      },
      "");
}

}  // namespace tessera::cli
