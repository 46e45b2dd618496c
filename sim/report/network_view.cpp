#include "sim/report/network_view.h"

#include <algorithm>

namespace tessera::report {
namespace {

constexpr int most_cells = 256;

nlohmann::json mask_picture(const sparsity::BlockMask& mask) {
  const int rows = std::min(mask.rows(), most_cells), cols = std::min(mask.cols(), most_cells);
  const auto first = [](int cell, int cells, int blocks) {  // block of a cell
    return static_cast<int>(std::int64_t{cell} * blocks / cells);
  };
  std::string zeros;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      int all = 0, zero = 0;
      for (int i = first(r, rows, mask.rows()); i < first(r + 1, rows, mask.rows()); ++i) {
        for (int j = first(c, cols, mask.cols()); j < first(c + 1, cols, mask.cols()); ++j) {
          ++all;
          zero += mask.present(i, j) ? 0 : 1;
        }
      }
      zeros += "0123456789abcdef"[(zero * 15 + all / 2) / std::max(all, 1)];
    }
  }
  return {
      {"block", {mask.bc, mask.bi}}, {"blocks", {mask.rows(), mask.cols()}}, {"cells", {rows, cols}}, {"zeros", zeros}};
}

}  // namespace

nlohmann::json graph_view(const network::Network& network) {
  nlohmann::json layers = nlohmann::json::array();
  for (const network::Layer& layer : network.layers) {
    layers.push_back({{"name", layer.name},
                      {"op", layer.is_gemm ? "gemm" : op_name(layer.op)},
                      {"inputs", layer.inputs},
                      {"out", {layer.out.h, layer.out.w, layer.out.c}}});
  }
  return layers;
}

nlohmann::json mask_view(const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  nlohmann::json views = nlohmann::json::array();
  for (const auto& mask : masks) views.push_back(mask ? mask_picture(*mask) : nlohmann::json(nullptr));
  return views;
}

nlohmann::json machine_view(const arch::ArraySpec& array, double macs_per_cycle) {
  const double cycles_per_us = array.clock_hz / 1e6;
  return {{"clock_hz", array.clock_hz},
          {"cores", array.cores()},
          {"macs_per_us", macs_per_cycle * array.cores() * cycles_per_us},
          {"ddr_read_bytes_per_us", array.ddr.read_bytes_per_cycle * cycles_per_us},
          {"ddr_write_bytes_per_us", array.ddr.write_bytes_per_cycle * cycles_per_us}};
}

}  // namespace tessera::report
