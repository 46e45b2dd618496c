// What tests of trials share.
#pragma once
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "sim/compile/compile.h"
#include "sim/mapping/text.h"
#include "sim/network/network_file.h"
#include "tests/verify/subject.h"

namespace tessera::tests {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

inline schedule::LayerTimes without_control(std::vector<double> ends) {
  const std::size_t layers = ends.size();
  return {std::move(ends), std::vector<double>(layers, 0)};
}

}  // namespace tessera::tests
