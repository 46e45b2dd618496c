#include <algorithm>
#include <map>

#include "sim/run/channel_order.h"
#include "sim/run/functional.h"
#include "sim/sparsity/compaction.h"
#include "sim/sparsity/layer_mask.h"

namespace tessera::run {
namespace {

using Part = std::pair<std::int64_t, std::vector<std::uint8_t>>;

bool is_identity(const std::vector<int>& order) {
  for (std::size_t p = 0; p < order.size(); ++p)
    if (order[p] != static_cast<int>(p)) return false;
  return true;
}

// Weights of single channels in stored order, excess channels zero.
sparsity::WeightTensor channels_in_stored_order(const sparsity::WeightTensor& w, const std::vector<int>& rows) {
  sparsity::WeightTensor out = w;
  out.cout = out.cin = out.groups = static_cast<int>(rows.size()) * sparsity::kernel_block;
  const auto taps = static_cast<std::size_t>(w.taps);
  out.values.assign(w.values.empty() ? 0 : static_cast<std::size_t>(out.cout) * taps, 0);
  out.bias.assign(w.bias.empty() ? 0 : static_cast<std::size_t>(out.cout), 0);
  out.multiplier.assign(w.multiplier.empty() ? 0 : static_cast<std::size_t>(out.cout), 0);
  for (int oc = 0; oc < out.cout; ++oc) {
    const auto to = static_cast<std::size_t>(oc), from = static_cast<std::size_t>(logical_channel(rows, oc));
    if (static_cast<int>(from) >= w.cout) continue;
    if (!out.bias.empty()) out.bias[to] = w.bias[from];
    if (!out.multiplier.empty()) out.multiplier[to] = w.multiplier[from];
    if (!out.values.empty()) std::copy_n(&w.values[from * taps], taps, &out.values[to * taps]);
  }
  return out;
}

// The weights with output and input channels in stored order, excess channels zero.
sparsity::WeightTensor in_stored_order(const sparsity::WeightTensor& w, const std::vector<int>& rows,
                                       const std::vector<int>& cols) {
  sparsity::WeightTensor out;
  out.table = w.table;
  out.cout = static_cast<int>(rows.size()) * sparsity::kernel_block;
  out.taps = w.taps;
  out.cin = static_cast<int>(cols.size()) * sparsity::kernel_block;
  out.values.assign(static_cast<std::size_t>(out.cout) * out.taps * out.cin, 0);
  out.bias.assign(static_cast<std::size_t>(out.cout), 0);
  if (!w.multiplier.empty()) out.multiplier.assign(static_cast<std::size_t>(out.cout), 0);
  for (int oc = 0; oc < out.cout; ++oc) {
    const int from = logical_channel(rows, oc);
    if (from >= w.cout) continue;
    out.bias[oc] = w.bias[from];
    if (!w.multiplier.empty()) out.multiplier[oc] = w.multiplier[from];
    for (int t = 0; t < w.taps; ++t)
      for (std::size_t block = 0; block < cols.size(); ++block) {
        const int ic = cols[block] * sparsity::kernel_block;
        for (int i = 0; i < std::min(sparsity::kernel_block, w.cin - ic); ++i)
          out.values[(static_cast<std::size_t>(oc) * w.taps + t) * out.cin + block * sparsity::kernel_block + i] =
              w.value(from, t, ic + i);
      }
  }
  return out;
}

void add_weights(const program::Program& program, const reference::NetworkData& data, exec::DdrImage& image) {
  std::map<int, std::vector<const program::ChunkPlace*>>
      chunks;  // by layer, so that one reordered copy exists at a time
  for (const program::ChunkPlace& chunk : program.chunks)
    if (chunk.ddr_address >= 0) chunks[chunk.layer].push_back(&chunk);
  for (const auto& [id, places] : chunks) {
    const program::ProgramLayer& layer = program.layers[static_cast<std::size_t>(id)];
    const sparsity::WeightTensor* weights = &data.weights[static_cast<std::size_t>(id)];
    const std::vector<int> rows = stored_block_order(program, id);
    const std::vector<int> cols = stored_block_order(program, layer.layer.inputs[0]);
    sparsity::WeightTensor reordered;
    if (!is_identity(rows) || !is_identity(cols)) {
      reordered = ops::has_blocks(layer.layer) ? in_stored_order(*weights, rows, cols)
                                               : channels_in_stored_order(*weights, rows);
      weights = &reordered;
    }
    const sparsity::KernelMask dense = sparsity::layer_mask(layer.layer, std::nullopt);
    const sparsity::KernelMask& mask = layer.mask < 0 ? dense : program.masks[static_cast<std::size_t>(layer.mask)];
    for (const program::ChunkPlace* place : places)
      image.parts.emplace_back(place->ddr_address, pack_chunk(*weights, mask, place->shape));
  }
}

// Calls f(address, run) for every contiguous run of an access, in stream order.
template <class F>
void for_each_run(const program::Access& access, int dim, std::int64_t address, F& f) {
  if (dim == 0) return f(address, access.dims[0].count);
  for (int i = 0; i < access.dims[dim].count; ++i)
    for_each_run(access, dim - 1, address + i * access.dims[dim].step, f);
}

// A tensor that stands in DDR before the network begins.
void add_tensor(const program::Program& program, int id, const reference::Tensor& input, exec::DdrImage& image) {
  const std::vector<int> order = stored_block_order(program, id);
  for (const program::TensorPiece& piece : program.pieces) {
    if (piece.tensor != id || !piece.in_ddr) continue;
    const program::Region& r = piece.region;
    std::vector<std::uint8_t> bytes;
    bytes.reserve(static_cast<std::size_t>(r.elements()));
    for (int h = r.h0; h < r.h1; ++h)
      for (int w = r.w0; w < r.w1; ++w)
        for (int c = r.c0; c < r.c1; ++c) {
          const int channel = logical_channel(order, c);
          const std::size_t pixel = (static_cast<std::size_t>(h) * input.shape.w + w) * input.shape.c;
          bytes.push_back(channel < input.shape.c ? static_cast<std::uint8_t>(input.values[pixel + channel]) : 0);
        }
    std::size_t next = 0;
    Part part;
    const auto put = [&](std::int64_t address, std::int64_t count) {
      const auto n = std::min(static_cast<std::size_t>(count), bytes.size() - next);
      if (address != part.first + static_cast<std::int64_t>(part.second.size())) {
        if (!part.second.empty()) image.parts.push_back(std::move(part));
        part = {address, {}};
      }
      part.second.insert(part.second.end(), bytes.begin() + static_cast<std::ptrdiff_t>(next),
                         bytes.begin() + static_cast<std::ptrdiff_t>(next + n));
      next += n;
    };
    for_each_run(piece.access, piece.access.rank - 1, piece.access.base, put);
    if (!part.second.empty()) image.parts.push_back(std::move(part));
  }
}

}  // namespace

exec::DdrImage build_ddr_image(const program::Program& program, const reference::NetworkData& data) {
  exec::DdrImage image;
  add_weights(program, data, image);
  for (const program::ProgramLayer& l : program.layers)
    if (ops::is_source(l.layer)) add_tensor(program, l.layer.id, data.source(l.layer), image);
  return image;
}

}  // namespace tessera::run
