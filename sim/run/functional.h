// Before and after a functional run: the bytes that stand in DDR at the start, and the comparison of every layer's
// tensor, as it arrived at its placement, with the reference.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/exec/backend.h"
#include "sim/program/program.h"
#include "sim/reference/network_data.h"
#include "sim/result/run_result.h"

namespace tessera::run {

// Weight chunks at their addresses, and the input tensor wherever a piece of it stands in DDR. `data` is in the
// network's own channel order; the program's block_order is applied here.
exec::DdrImage build_ddr_image(const program::Program& program, const reference::NetworkData& data);

constexpr std::size_t max_shown = 8;  // mismatches that a report describes

// layers_checked: all but the input; a conv fused into an add or pool is checked through it. `errors`: what the machine
// objected to. `first`: the first few wrong elements.
using FunctionalReport = result::FunctionalCheck;

// `reference`: every layer's tensor, by LayerId.
FunctionalReport check_functional(const program::Program& program, const program::EngineMap& engines,
                                  const exec::SimResult& result, const std::vector<reference::Tensor>& reference);

// The same for a program without tensors (Program::tensors): what shows is what stands in DDR at the end, a product or
// the output of the network, in the bytes that SimResult::host has to hold.
struct HostBytes {
  std::int64_t address = 0;
  Bytes bytes = 0;
};
// What stands in the way of data, or nothing; the others may be asked only then.
std::optional<Problem> without_data(const program::Program& program);
HostBytes judged_bytes(const program::Program& program);
exec::DdrImage build_end_image(const program::Program& program, const reference::NetworkData& data);
FunctionalReport check_end(const program::Program& program, const exec::SimResult& result,
                           const network::Network& network, const reference::NetworkData& data);

}  // namespace tessera::run
