#include "sim/reference/side_by_side.h"

#include <algorithm>

namespace tessera::reference {
namespace {

sparsity::WeightTensor joined_weights(const sparsity::WeightTensor& w, const network::Layer& given,
                                      const network::Layer& joined) {
  sparsity::WeightTensor out = w;
  out.taps = joined.window.taps();
  out.cin = joined.in.c;
  out.values.assign(static_cast<std::size_t>(joined.weight_count()), 0);
  const int n = joined.columns.joined, lead = joined.window.pad_left * n - given.window.pad_left;
  for (int oc = 0; oc < out.cout; ++oc)
    for (int row = 0; row < given.window.kh; ++row)
      for (int column = 0; column < given.window.kw; ++column) {
        const int at = lead + column, tap = row * joined.window.kw + at / n;
        const auto from = static_cast<std::size_t>((oc * w.taps + row * given.window.kw + column) * w.cin);
        const auto to = static_cast<std::size_t>((oc * out.taps + tap) * out.cin + at % n * w.cin);
        std::copy_n(&w.values[from], w.cin, &out.values[to]);
      }
  return out;
}

Tensor joined_input(const Tensor& input, const network::Shape& joined) {
  Tensor out{joined, std::vector<std::int8_t>(static_cast<std::size_t>(std::int64_t{joined.h} * joined.w * joined.c))};
  const std::ptrdiff_t row = std::ptrdiff_t{input.shape.w} * input.shape.c, to = std::ptrdiff_t{joined.w} * joined.c;
  for (int h = 0; h < joined.h; ++h) std::copy_n(input.values.begin() + h * row, row, out.values.begin() + h * to);
  return out;
}

}  // namespace

NetworkData side_by_side(NetworkData data, const network::Network& given, const network::Network& joined) {
  for (std::size_t i = 0; i < given.layers.size(); ++i) {
    const network::Layer& layer = joined.layers[i];
    if (layer.op == network::Op::input) {
      Tensor& input = i == 0 ? data.input : data.constants[i];
      input = joined_input(input, layer.out);
    } else if (layer.columns.joined > 1 && layer.repeats < 0) {
      data.weights[i] = joined_weights(data.weights[i], given.layers[i], layer);
    }
  }
  return data;
}

}  // namespace tessera::reference
