// Before and after a functional run: the bytes that stand in DDR at the start, and the comparison of every layer's
// tensor, as it arrived at its home, with the reference.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/program.h"
#include "sim/reference/network_data.h"
#include "sim/run/backend.h"

namespace tessera {

// Weight chunks at their addresses, and the input tensor wherever a piece of it stands in DDR. `data` is in the
// network's own channel order; the program's block_order is applied here.
DdrImage build_ddr_image(const Program& program, const NetworkData& data);

struct FunctionalReport {
  std::int64_t layers_checked = 0;  // all but the input; a conv fused into an add or pool is checked through it
  std::int64_t elements_checked = 0;
  std::int64_t mismatches = 0;      // wrong, missing or repeated elements, and layers that nothing shows
  std::vector<std::string> first;   // the first few: layer, element, expected, got, last writer
  std::vector<std::string> errors;  // what the machine objected to: unwritten bytes read, live bytes overwritten
  bool good() const { return mismatches == 0 && errors.empty(); }
};

// `reference`: every layer's tensor, by LayerId.
FunctionalReport check_functional(const Program& program, const EngineMap& engines, const SimResult& result,
                                  const std::vector<Tensor>& reference);

// The same for a program that computes a product (Program::product): its matrices in DDR, and C as it stands there at
// the end (SimResult::host holds all of it). What stands in the way of data, or nothing:
std::optional<Problem> product_without_data(const Program& program);
DdrImage build_product_image(const Program& program, const NetworkData& data);
FunctionalReport check_product(const Program& program, const SimResult& result,
                               const std::vector<std::int32_t>& reference);

}  // namespace tessera
