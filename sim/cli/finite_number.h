// A check of options that are real numbers: neither infinite nor "nan", which no range refuses.
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

}  // namespace tessera::cli
