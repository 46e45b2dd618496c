// What kernel calls read and write: the part of Dataflow that knows kernels.
#include <fmt/format.h>

#include <algorithm>

#include "sim/verify/dataflow.h"

namespace tessera::verify {

// The window of the call's output in a tensor, as it must stand at `in`.
void Dataflow::need_window(const Here& here, Shadow& m, const program::KernelCall& k, int tensor, int c0) {
  Placed p;
  p.key = contents_.lattice_key(tensor, lattice_of(p_.layers[k.layer].layer));
  p.pw = k.in_c;
  p.ph = std::int64_t{k.in_w} * k.in_c;
  for (const ops::TapBox& tap : tap_boxes(p_.layers[k.layer].layer, k.out)) {
    p.box = tap.region;
    p.box.c0 = c0;
    p.box.c1 = c0 + k.in_c;
    p.base = k.in + tap.row * p.ph + tap.column * p.pw;
    need(here, k.layer, m, p, "input");
  }
}

namespace {

// A box that stands tight at `base`.
Placed output_at(int key, const program::Region& out, std::int64_t base, int bytes = 1) {
  Placed p;
  p.key = key;
  p.box = out;
  p.box.c0 *= bytes;
  p.box.c1 *= bytes;
  p.base = base;
  p.pw = depth_of(p.box);
  p.ph = p.pw * cols_of(p.box);
  return p;
}

}  // namespace

// Calls f(slot) for every row of a call's window that lies in the map, in the ring where it stands.
template <class F>
void each_ring_row(const program::KernelCall& k, const network::Layer& y, const F& f) {
  int slot = k.ring_row;
  for (int h = 0; h < k.in_h; ++h) {
    const int at = k.out.h0 * y.window.sh - y.window.pad_top + h;
    if (at < 0 || at >= y.in.h) continue;
    f(slot);
    slot = (slot + 1) % k.ring;
  }
}

// What a call leaves of a product: a tile of C that is cleared, or has summed so many steps of k.
void Dataflow::sum_product(const Here& here, const program::KernelCall& k) {
  const network::Layer& y = p_.layers[k.layer].layer;
  std::vector<ProductTile>& tiles = product_tiles_[map_.info(here.stamp.engine).tile];
  const auto at = std::find_if(tiles.begin(), tiles.end(), [&](const ProductTile& t) { return t.address == k.acc; });
  const Bytes bytes = bytes_of(y.out_type, k.out.elements());
  if (k.kind == program::KernelKind::clear) {
    if (at != tiles.end()) tiles.erase(at);
    return tiles.push_back({k.acc, bytes, 0});
  }
  if (at == tiles.end() || at->bytes != bytes)
    return report(here, k.layer,
                  fmt::format("adds to a tile of C at {} of {} bytes that was not cleared", k.acc, bytes));
  at->steps += k.in_c;
}

// A tile of C leaves its core with all of k in it: the product's own steps, and no more than the matrices have.
void Dataflow::check_product(const Here& here, const program::Transfer& t) {
  const std::int64_t least = p_.layers[p_.product.layer].layer.in.c, most = p_.product.b.rows;
  bool computed = false;
  for (const ProductTile& tile : product_tiles_[map_.info(here.stamp.engine).tile]) {
    if (tile.address >= t.access.end() || tile.address + tile.bytes <= t.access.base) continue;
    computed = true;
    if (tile.steps < least || tile.steps > most)
      report(here, t.layer, fmt::format("sends a tile of C with {} steps of k", tile.steps),
             fmt::format("needed: {} to {}", least, most));
  }
  if (!computed) report(here, t.layer, fmt::format("sends what stands at {}, which is no tile of C", t.access.base));
}

// Buffers as bytes, of a program without tensors: whether somebody else may be at them is judged, what stands there is
// not.
void Dataflow::anonymous(const Here& here, Shadow& m, const program::KernelCall& k) {
  const network::Layer& y = p_.layers[k.layer].layer;
  const auto touch = [&](std::int64_t at, Bytes bytes) {
    const Placed read = bytes_at(-1, at, 0, bytes);
    races_.clear();
    m.touch(read, here.stamp, clocks_, races_);
    report_races(here, k.layer, m, false, read);
  };
  const bool product = k.kind == program::KernelKind::gemm || k.kind == program::KernelKind::clear;
  const Bytes elements = k.out.elements(), row = Bytes{y.in.w} * k.in_c;
  const Bytes sums = product ? bytes_of(y.out_type, elements) : elements * 4;
  const bool summed = k.kind == program::KernelKind::conv || is_product(y), to_sums = product || (summed && !k.last);
  if (k.kind == program::KernelKind::gemm) {
    touch(k.in, bytes_of(y.in_type, std::int64_t{rows_of(k.out)} * k.in_c));
    touch(k.weights, bytes_of(y.in_type, std::int64_t{depth_of(k.out)} * k.in_c));
  } else if (k.ring > 0) {
    each_ring_row(k, y, [&](int slot) { touch(k.in + slot * row, row); });
  } else if (k.kind != program::KernelKind::clear) {
    touch(k.in, Bytes{k.in_h} * k.in_w * k.in_c);
  }
  if (ops::has_weights(y) && !product) touch(k.weights, p_.chunks[k.chunk].size.total());
  if (y.inputs.size() == 2 && operator_of(y).computed)
    touch(k.in2, (is_product(y) ? factor_of(k, y, 1) : reads(y, 1, k.out)).elements());
  else if (k.add_layer >= 0 && k.last)
    touch(k.in2, elements);
  if (k.kind == program::KernelKind::gemm || (summed && !k.first)) touch(k.acc, sums);
  const Placed written = to_sums ? bytes_at(-1, k.acc, 0, sums) : bytes_at(-1, k.result, 0, elements);
  races_.clear();
  m.write(written, here.stamp, clocks_, races_);
  report_races(here, k.layer, m, true, written);
  if (product && p_.product.layer >= 0) sum_product(here, k);
}

void Dataflow::call(const Here& here, const program::KernelCall& k) {
  if (k.kind == program::KernelKind::ops) return;
  if (!p_.tensors) return anonymous(here, tiles_[map_.info(here.stamp.engine).tile], k);
  Shadow& m = tiles_[map_.info(here.stamp.engine).tile];
  const network::Layer& y = p_.layers[k.layer].layer;
  int result = k.layer;
  switch (k.kind) {
    case program::KernelKind::conv:
      conv(here, m, k);
      if (!k.last) return;
      if (k.add_layer >= 0) {
        result = k.add_layer;
        coverage_.computed(k.add_layer, k.out);
      }
      break;
    case program::KernelKind::copy:
      need_window(here, m, k, k.layer, k.out.c0);
      break;
    default:
      if (is_product(y)) {
        factors(here, m, k);
        if (!k.last) return;
      } else if (y.inputs.size() == 2)
        operands(here, m, k);
      else
        need_window(here, m, k, y.inputs[0], reads(y, 0, k.out).c0);
      if (ops::has_weights(y)) weights(here, m, k);
  }
  if (k.kind != program::KernelKind::copy) coverage_.computed(k.layer, k.out);
  leave(here, k.layer, m, output_at(contents_.tensor_key(result), k.out, k.result));
}

// A sum's operands of one shape may stand either way round.
void Dataflow::operands(const Here& here, Shadow& m, const program::KernelCall& k) {
  const network::Layer& y = p_.layers[k.layer].layer;
  int a = y.inputs[0], b = y.inputs[1];
  if (operator_of(y).symmetric && y.in == y.second && !holds(m, output_at(contents_.tensor_key(a), k.out, k.in)) &&
      holds(m, output_at(contents_.tensor_key(b), k.out, k.in)))
    std::swap(a, b);
  need(here, k.layer, m, output_at(contents_.tensor_key(a), reads(y, 0, k.out), k.in), "first operand");
  need(here, k.layer, m, output_at(contents_.tensor_key(b), reads(y, 1, k.out), k.in2), "second operand");
}

void Dataflow::factors(const Here& here, Shadow& m, const program::KernelCall& k) {
  const network::Layer& y = p_.layers[k.layer].layer;
  const auto need_factor = [&](std::size_t input, std::int64_t at, const char* purpose) {
    need(here, k.layer, m, output_at(contents_.tensor_key(y.inputs[input]), factor_of(k, y, input), at), purpose);
  };
  need_factor(0, k.in, "first operand");
  need_factor(1, k.in2, "second operand");
  if (!(k.first && k.last)) consume(here, m, k);
}

// The chunk of the call's output channels, as it must stand at `weights`.
void Dataflow::weights(const Here& here, Shadow& m, const program::KernelCall& k) {
  const program::ChunkPlace& c = p_.chunks[k.chunk];
  const sparsity::ChunkShape& s = c.shape;
  bool rows = s.rows.size() * 8 == static_cast<std::size_t>(depth_of(k.out));
  for (std::size_t i = 0; rows && i < s.rows.size(); ++i) rows = s.rows[i] == k.out.c0 / 8 + static_cast<int>(i);
  if (c.layer != weights_layer(k.layer) || !rows)
    report(here, k.layer, fmt::format("chunk {} is not that of output channels {} to {}", k.chunk, k.out.c0, k.out.c1));
  const network::Layer& y = p_.layers[k.layer].layer;
  if (s.bias != (operator_of(y).bias && k.first))
    report(here, k.layer,
           fmt::format("chunk {} {} bias, the call is {} the first of its sum", k.chunk, s.bias ? "has a" : "has no",
                       k.first ? "" : "not"));
  if ((s.table > 0) != (layer_table_bytes(y) > 0 && k.last))
    report(here, k.layer,
           fmt::format("chunk {} {} table, the call is {} the last of its sum", k.chunk,
                       s.table > 0 ? "has a" : "has no", k.last ? "" : "not"));
  if (c.size.total() > 0)
    need(here, k.layer, m, bytes_at(contents_.chunk_key(k.chunk), k.weights, 0, c.size.total()), "weights");
}

void Dataflow::conv(const Here& here, Shadow& m, const program::KernelCall& k) {
  const network::Layer& y = p_.layers[k.layer].layer;
  need_window(here, m, k, y.inputs[0], k.ic0);
  const program::ChunkPlace& c = p_.chunks[k.chunk];
  const sparsity::ChunkShape& s = c.shape;
  if (s.col0 * 8 != k.ic0 || s.col1 * 8 != k.ic0 + k.in_c)
    report(here, k.layer,
           fmt::format("chunk {} holds input channels {} to {}, the call has {} to {}", k.chunk, s.col0 * 8, s.col1 * 8,
                       k.ic0, k.ic0 + k.in_c));
  weights(here, m, k);
  consume(here, m, k);
  if (k.add_layer < 0 || !k.last) return;
  const network::Layer& add = p_.layers[k.add_layer].layer;
  const bool first = add.op == network::Op::add && add.inputs[0] == k.layer,
             second = add.op == network::Op::add && add.inputs[1] == k.layer;
  if (!first && !second)
    return report(here, k.layer,
                  "adds for layer " + findings_.layer_name(k.add_layer) + ", which does not add this one");
  need(here, k.layer, m, output_at(contents_.tensor_key(add.inputs[first ? 1 : 0]), k.out, k.in2), "residual");
}

// Partial sums: this call's input channels join what the sum holds already.
void Dataflow::consume(const Here& here, Shadow& m, const program::KernelCall& k) {
  const Placed partial = output_at(contents_.sum_key(k.layer), k.out, k.acc, 4);
  int sum = -1;
  if (!k.first) need(here, k.layer, m, partial, "partial sums", &sum);
  if (sum < 0 || !same(sums_[sum].out, k.out)) {
    if (!k.first && sum >= 0) report(here, k.layer, "continues the partial sums of " + region_text(sums_[sum].out));
    sum = static_cast<int>(sums_.size());
    sums_.push_back({k.layer, k.out, {}});
  }
  const std::string twice = Coverage::consume(sums_[sum], k.ic0 / 8, (k.ic0 + k.in_c) / 8);
  if (!twice.empty()) report(here, k.layer, twice);
  if (!k.last) return leave(here, k.layer, m, partial, sum);
  const std::vector<int> rows = k.chunk < 0 ? std::vector<int>{0} : p_.chunks[k.chunk].shape.rows;
  const std::string missing_blocks = coverage_.missing(sums_[sum], rows);
  if (!missing_blocks.empty()) report(here, k.layer, missing_blocks);
}

}  // namespace tessera::verify
