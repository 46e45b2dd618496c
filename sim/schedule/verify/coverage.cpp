#include "sim/schedule/verify/coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::verifying {

Coverage::Coverage(const Program& program, Findings& findings)
    : p_(program), findings_(findings), computed_(program.layers.size()), put_(program.layers.size()) {}

void Coverage::count(std::vector<std::uint8_t>& cells, int layer, const Region& r) {
  const Shape& s = p_.layers[layer].layer.out;
  const int blocks = stored_channels(s.c) / 8;
  if (cells.empty()) cells.resize(static_cast<std::size_t>(s.h) * s.w * blocks, 0);
  for (int h = r.h0; h < r.h1; ++h)
    for (int w = r.w0; w < r.w1; ++w) {
      std::uint8_t* cell = cells.data() + (static_cast<std::size_t>(h) * s.w + w) * blocks;
      for (int b = r.c0 / 8; b < r.c1 / 8; ++b) cell[b] = static_cast<std::uint8_t>(std::min(cell[b] + 1, 255));
    }
}

std::string Coverage::consume(Sum& sum, int block0, int block1) {
  for (const auto& [lo, hi] : sum.blocks)
    if (block0 < hi && lo < block1)
      return fmt::format("input channels {} to {} are added twice to {}", std::max(lo, block0) * 8,
                         std::min(hi, block1) * 8, region_text(sum.out));
  sum.blocks.emplace_back(block0, block1);
  return {};
}

std::string Coverage::missing(const Sum& sum, const std::vector<int>& rows) const {
  const ProgramLayer& l = p_.layers[sum.layer];
  const int all = stored_channels(l.layer.in.c) / 8;
  std::vector<char> seen(all, 0);
  for (const auto& [lo, hi] : sum.blocks)
    for (int b = lo; b < hi; ++b) seen[b] = 1;
  for (int b = 0; b < all; ++b) {
    if (seen[b]) continue;
    for (int row : rows)
      if (l.mask < 0 || p_.masks[l.mask].present(row, b))
        return fmt::format("input channels {} to {} are missing in the sum for {}", b * 8, b * 8 + 8,
                           region_text(sum.out));
  }
  return {};
}

bool Coverage::any(const std::vector<std::uint8_t>& cells, int layer, int c0, int c1) const {
  if (cells.empty()) return false;
  const Shape& s = p_.layers[layer].layer.out;
  const int blocks = stored_channels(s.c) / 8;
  for (std::int64_t pixel = 0; pixel < std::int64_t{s.h} * s.w; ++pixel)
    for (int b = c0 / 8; b < c1 / 8; ++b)
      if (cells[pixel * blocks + b] != 0) return true;
  return false;
}

void Coverage::require_once(const std::vector<std::uint8_t>& cells, int layer, int c0, int c1, const char* what,
                            const char* never) {
  const Shape& s = p_.layers[layer].layer.out;
  const int blocks = stored_channels(s.c) / 8;
  if (cells.empty()) return findings_.add("layer " + findings_.layer_name(layer), never);
  for (int h = 0; h < s.h; ++h)
    for (int w = 0; w < s.w; ++w)
      for (int b = c0 / 8; b < c1 / 8; ++b) {
        const int n = cells[(static_cast<std::size_t>(h) * s.w + w) * blocks + b];
        if (n == 1) continue;
        return findings_.add(
            "layer " + findings_.layer_name(layer),
            fmt::format("element h {}, w {}, c {} to {} is {} {} times", h, w, b * 8, b * 8 + 8, what, n),
            "legal: once");
      }
}

void Coverage::finish() {
  const std::size_t n = p_.layers.size();
  std::vector<char> fused(n, 0);
  for (const KernelCall& k : p_.calls)
    if (k.add_layer >= 0) fused[k.layer] = 1;
  std::vector<std::int64_t> housed(n, 0);
  for (const TensorPiece& t : p_.pieces) housed[t.tensor] += t.region.elements();
  std::vector<char> read(n, 0);
  for (const ProgramLayer& l : p_.layers)
    for (LayerId input : l.layer.inputs) read[input] = 1;
  for (const ProgramLayer& l : p_.layers) {
    const Layer& y = l.layer;
    const int channels = stored_channels(y.out.c);
    const std::int64_t all = std::int64_t{y.out.h} * y.out.w * channels;
    // A tensor without a home is on its way through the array: layers computed together, part by part, perhaps some
    // of them twice. Who reads it is judged by what it finds, so nothing more is asked of it; of a convolution whose
    // sum with a residual is all that leaves the core, the same is asked as of the sum.
    const bool passing = housed[y.id] == 0 && read[y.id] != 0 && y.op != Op::input;
    if (!passing && housed[y.id] != all)
      findings_.add("layer " + findings_.layer_name(y.id), fmt::format("{} of its elements have a home", housed[y.id]),
                    fmt::format("legal: {}", all));
    if (y.op == Op::input || (passing && !fused[y.id])) continue;
    if (y.op != Op::concat) {
      require_once(computed_[y.id], y.id, 0, channels, "computed", "is never computed");
      if (!passing) require_once(put_[y.id], y.id, 0, channels, "put at its home", "is never put at its home");
      continue;
    }
    // Where nothing was put into the concatenation itself, its input has been written in place.
    int c0 = 0;
    for (LayerId input : y.inputs) {
      const int c1 = c0 + stored_channels(p_.layers[input].layer.out.c);
      if (any(put_[y.id], y.id, c0, c1)) require_once(put_[y.id], y.id, c0, c1, "put at its home", "");
      c0 = c1;
    }
  }
}

bool Coverage::put_into(int tensor, int c0, int c1) const { return any(put_[tensor], tensor, c0, c1); }

}  // namespace tessera::verifying
