#include "sim/network/side_by_side.h"

#include <algorithm>
#include <optional>

namespace tessera::network {
namespace {

Shape joined(const Shape& map, int n) { return {map.h, static_cast<int>(ceil_div(map.w, n)), map.c * n}; }

// The convolution of an input of which `n` columns are one pixel; nothing where its windows do not begin with whole
// pixels.
std::optional<Layer> joined(const Layer& conv, int n) {
  const Window& own = conv.window;
  if (own.sw % n != 0) return std::nullopt;
  Layer l = conv;
  l.columns = {n, own.kw};
  l.in = joined(conv.in, n);
  Window& w = l.window;
  const int lead = (n - own.pad_left % n) % n;  // columns of the first tap that the kernel does not have
  w.kw = static_cast<int>(ceil_div(lead + own.kw, n));
  w.sw = own.sw / n;
  w.pad_left = (own.pad_left + lead) / n;
  w.pad_right = std::max(0, (l.out.w - 1) * w.sw + w.kw - l.in.w - w.pad_left);
  const int positions = (l.in.w + w.pad_left + w.pad_right - w.kw) / w.sw + 1;
  if (positions != l.out.w || std::max(w.pad_left, w.pad_right) >= w.kw) return std::nullopt;
  return l;
}

// Input channels that are multiplied for a row of taps.
std::int64_t depth(const Layer& l) { return std::int64_t{l.window.kw} * stored_channels(l.in.c); }

// The columns to join for a convolution of an input; 1: none. Of equal ones the most, so that a window moves on by few.
int best_columns(const Layer& l) {
  if (l.op != Op::conv2d || l.groups != 1 || l.window.dw != 1 || l.is_gemm) return 1;
  int best = 1;
  std::int64_t least = depth(l);
  for (int n = 2; n <= l.window.sw; ++n) {
    const std::optional<Layer> other = joined(l, n);
    if (!other || depth(*other) > least || depth(*other) == depth(l)) continue;
    least = depth(*other);
    best = n;
  }
  return best;
}

}  // namespace

Network side_by_side(Network network) {
  std::vector<int> columns(network.layers.size(), 0);  // of tensors; 0: nobody reads it so far
  for (const Layer& l : network.layers)
    for (const LayerId input : l.inputs) {
      int& asked = columns[static_cast<std::size_t>(input)];
      const bool source = network.layers[static_cast<std::size_t>(input)].op == Op::input;
      const int wanted = source ? best_columns(l) : 1;
      asked = asked == 0 || asked == wanted ? wanted : 1;
    }
  for (Layer& l : network.layers) {
    const auto columns_of = [&](LayerId tensor) { return std::max(1, columns[static_cast<std::size_t>(tensor)]); };
    if (l.op == Op::input) l.out = joined(l.out, columns_of(l.id));
    if (!l.inputs.empty() && columns_of(l.inputs.front()) > 1) l = *joined(l, columns_of(l.inputs.front()));
  }
  return network;
}

}  // namespace tessera::network
