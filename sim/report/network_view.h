// What the report page shows of a run's inputs: the network as a graph, pictures of the masks, peak rates of the array.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/network/network.h"
#include "sim/sparsity/block_mask.h"

namespace tessera::report {

// [{name, op, inputs: [ids], out: [h, w, c]}, ...] by layer id.
nlohmann::json graph_view(const network::Network& network);

// By layer id, null without a mask: {block: [bc, bi], blocks: [rows, cols], cells: [rows, cols], zeros}. `zeros` has
// one hexadecimal digit per cell, row by row: which share of its blocks is zero, 0 to f. A cell is one block, or more
// where a side would have over 256 cells.
nlohmann::json mask_view(const std::vector<std::optional<sparsity::BlockMask>>& masks);

// {clock_hz, cores, macs_per_us, ddr_read_bytes_per_us, ddr_write_bytes_per_us}: what the array could do at best, for
// kernels of `macs_per_cycle` a core.
nlohmann::json machine_view(const arch::ArraySpec& array, double macs_per_cycle);

}  // namespace tessera::report
