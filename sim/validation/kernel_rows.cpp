// Single-core kernel rows: the kernel latency model of the row's library, plus the harness its timer includes.
#include <fmt/format.h>

#include <regex>

#include "sim/validation/units.h"

namespace tessera::validation {
namespace {

// A product A[m,k] B[k,n] in one core; with `refusal`, what is not understood.
struct CoreProduct {
  CoreTile tile;
  std::string refusal;
};

CoreProduct gemm_kernel(const MeasuredRow& row) {
  const CoreTile& t = row.tile;
  if (t.m == 0 || t.slice > 0) return {{}, "no core tile of the form MxKxN"};
  if (!row.shape.empty()) return {{}, "shape \"" + row.shape + "\" of a kernel row is not understood"};
  for (const auto& [size, tile] : {std::pair{row.m, t.m}, {row.k, t.k}, {row.n, t.n}})
    if (size != 0 && size != tile) return {{}, "m, k, n of a kernel row are not those of its core tile"};
  return {t, ""};
}

// A convolution whose windows the DMA lays side by side is a product of pixels, taps times input channels, and output
// channels: "3x3 512->32, 8 pixels, im2col done by DMA". Kernels on the map itself take other loops.
CoreProduct conv_kernel(const MeasuredRow& row) {
  static const std::regex form(
      "([1-9][0-9]?)x([1-9][0-9]?) ([1-9][0-9]{0,3})->([1-9][0-9]{0,3}), ([1-9][0-9]{0,3}) pixels, im2col done by DMA");
  std::smatch f;
  if (!std::regex_match(row.shape, f, form))
    return {{}, "shape \"" + row.shape + "\" of a convolution kernel is not understood"};
  if (row.m + row.k + row.n > 0 || !row.core_tile.empty())
    return {{}, "m, k, n or a core tile of a convolution kernel are not understood"};
  const int k = std::stoi(f[1]) * std::stoi(f[2]) * std::stoi(f[3]);
  return {{std::stoi(f[5]), k, std::stoi(f[4]), 0}, ""};
}

}  // namespace

Expected<Prediction> predict_kernel(const Subject& s) {
  const MeasuredRow& row = s.row;
  const bool conv = row.workload == "conv-kernel";
  const CoreProduct product = conv ? conv_kernel(row) : gemm_kernel(row);
  if (!product.refusal.empty()) return skip(product.refusal);
  if (row.rows > 1 || row.cols > 1) return skip("a kernel row is of one core");
  if (row.batch > 1) return skip("a batch of kernel calls is not understood");
  if (s.kernels.empty())
    return skip("no kernel library: column kernels is empty, and group " + row.group + " has none");
  auto latency_model = s.latency_model();
  if (!latency_model) return latency_model.failure();
  const auto in_type = network::find_type(row.in_type), out_type = network::find_type(row.out_type);
  const auto it =
      in_type && out_type ? (*latency_model)->gemm.find({*in_type, *out_type}) : (*latency_model)->gemm.end();
  if (it == (*latency_model)->gemm.end())
    return skip("library " + s.kernels + " has no " + row.in_type + " -> " + row.out_type + " kernel");
  const CoreTile& t = product.tile;
  const Bytes in = bytes_of(*in_type, std::int64_t{t.m} * t.k) + bytes_of(*in_type, std::int64_t{t.k} * t.n);
  const Bytes room = s.array.tile.memory.size - s.array.tile.reserved;
  // The windows of a convolution arrive bit by bit.
  if (!conv && in + bytes_of(*out_type, std::int64_t{t.m} * t.n) > room)
    return skip(fmt::format("A, B and C of this tile do not fit the {} bytes of a core", room));
  Quantities o;
  o.cycles = it->second.cycles(t.m, t.k, t.n) + (conv ? 0 : s.design.number("harness_cycles"));
  o.us = stated_us(row, o.cycles);
  o.macs = static_cast<double>(t.m) * t.k * t.n;
  o.per = "call";
  Prediction p = in_unit(row, o, "compute");
  if (!it->second.fitted)
    p.beyond = fmt::format("kernel {} -> {} of {} was not measured", row.in_type, row.out_type, s.kernels);
  else if (!it->second.fitted_to(t.m, t.k, t.n))
    p.beyond = fmt::format("kernel latency model {} -> {} fitted to {}", row.in_type, row.out_type, it->second.range);
  return p;
}

}  // namespace tessera::validation
