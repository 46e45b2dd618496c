#include "sim/verify/coverage.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera::verify {

Coverage::Coverage(const program::Program& program, Findings& findings)
    : p_(program), findings_(findings), computed_(program.layers.size()), put_(program.layers.size()) {}

std::string Coverage::consume(Sum& sum, int block0, int block1) {
  for (const auto& [lo, hi] : sum.blocks)
    if (block0 < hi && lo < block1)
      return fmt::format("input channels {} to {} are added twice to {}", std::max(lo, block0) * 8,
                         std::min(hi, block1) * 8, region_text(sum.out));
  sum.blocks.emplace_back(block0, block1);
  return {};
}

std::string Coverage::missing(const Sum& sum, const std::vector<int>& rows) const {
  const program::ProgramLayer& l = p_.layers[sum.layer];
  const int all = ops::summed_channels(l.layer) / 8;
  if (sum.blocks.size() == 1 && sum.blocks[0] == std::pair(0, all)) return {};
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

bool Coverage::Count::any(int c0, int c1) const {
  return std::any_of(once.begin(), once.end(), [&](const program::Region& r) { return r.c0 < c1 && r.c1 > c0; });
}

void Coverage::require_once(const Count& count, int layer, int c0, int c1, const char* what, const char* never) {
  if (count.once.empty()) return findings_.add("layer " + findings_.layer_name(layer), never);
  const network::Shape& s = p_.layers[layer].layer.out;
  const program::Region all{0, s.h, 0, s.w, c0, c1};
  if (count.again.empty() &&
      std::any_of(count.once.begin(), count.once.end(), [&](const program::Region& r) { return inside(all, r); }))
    return;
  const std::size_t blocks = (c1 - c0) / 8;
  std::vector<int> cells(all.elements() / 8, 0);
  const auto add = [&](const program::Region& part) {
    const program::Region r = intersect(part, all);
    for (int h = r.h0; h < r.h1; ++h)
      for (int w = r.w0; w < r.w1; ++w)
        for (int c = r.c0; c < r.c1; c += 8) ++cells[(std::size_t(h) * s.w + w) * blocks + (c - c0) / 8];
  };
  std::for_each(count.once.begin(), count.once.end(), add);
  std::for_each(count.again.begin(), count.again.end(), add);
  const auto wrong = std::find_if(cells.begin(), cells.end(), [](int n) { return n != 1; });
  if (wrong == cells.end()) return;
  const std::size_t at = wrong - cells.begin(), pixel = at / blocks, c = c0 + at % blocks * 8;
  findings_.add(
      "layer " + findings_.layer_name(layer),
      fmt::format("element h {}, w {}, c {} to {} is {} {} times", pixel / s.w, pixel % s.w, c, c + 8, what, *wrong),
      "legal: once");
}

void Coverage::finish() {
  const std::size_t n = p_.layers.size();
  std::vector<char> fused(n, 0);
  for (const program::KernelCall& k : p_.calls)
    if (k.add_layer >= 0) fused[k.layer] = 1;
  std::vector<std::int64_t> housed(n, 0);
  for (const program::TensorPiece& t : p_.pieces) housed[t.tensor] += t.region.elements();
  std::vector<char> read(n, 0);
  for (const program::ProgramLayer& l : p_.layers)
    for (network::LayerId input : l.layer.inputs) read[input] = 1;
  for (const program::ProgramLayer& l : p_.layers) {
    const network::Layer& y = l.layer;
    const int channels = network::stored_channels(y.out.c);
    const std::int64_t all = std::int64_t{y.out.h} * y.out.w * channels;
    // A tensor without a placement is on its way through the array: layers computed together, part by part, perhaps
    // some of them twice. Who reads it is judged by what it finds, so nothing more is asked of it; of a convolution
    // whose sum with a residual is all that leaves the core, the same is asked as of the sum.
    const bool passing = housed[y.id] == 0 && read[y.id] != 0 && !ops::is_source(y);
    if (!passing && housed[y.id] != all)
      findings_.add("layer " + findings_.layer_name(y.id),
                    fmt::format("{} of its elements have a placement", housed[y.id]), fmt::format("legal: {}", all));
    if (ops::is_source(y) || (passing && !fused[y.id])) continue;
    if (y.op != network::Op::concat) {
      require_once(computed_[y.id], y.id, 0, channels, "computed", "is never computed");
      if (!passing)
        require_once(put_[y.id], y.id, 0, channels, "put at its placement", "is never put at its placement");
      continue;
    }
    // Where nothing was put into the concatenation itself, its input has been written in place.
    int c0 = 0;
    for (network::LayerId input : y.inputs) {
      const int c1 = c0 + network::stored_channels(p_.layers[input].layer.out.c);
      if (put_[y.id].any(c0, c1)) require_once(put_[y.id], y.id, c0, c1, "put at its placement", "");
      c0 = c1;
    }
  }
}

bool Coverage::put_into(int tensor, int c0, int c1) const { return put_[tensor].any(c0, c1); }

}  // namespace tessera::verify
