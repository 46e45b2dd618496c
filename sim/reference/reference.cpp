#include "sim/reference/reference.h"

#include <algorithm>

#include "sim/base/arithmetic.h"
#include "sim/reference/attention.h"
#include "sim/reference/channels.h"
#include "sim/reference/convolution.h"

namespace tessera::reference {
namespace {

Tensor empty(const network::Shape& shape) {
  return {shape, std::vector<std::int8_t>(static_cast<std::size_t>(shape.elements()))};
}

// Calls f(output value, pointers to the window's input values inside the map).
template <class Reduce>
Tensor pool(const network::Layer& layer, const Tensor& in, Reduce reduce) {
  const network::Window& k = layer.window;
  Tensor out = empty(layer.out);
  std::vector<std::int8_t> inside;
  std::size_t at = 0;
  for (int y = 0; y < layer.out.h; ++y)
    for (int x = 0; x < layer.out.w; ++x)
      for (int c = 0; c < layer.out.c; ++c) {
        inside.clear();
        const int y0 = y * k.sh - k.pad_top, x0 = x * k.sw - k.pad_left;
        for (int iy = y0; iy < std::min(in.shape.h, y0 + k.extent_h()); iy += k.dh)
          for (int ix = x0; iy >= 0 && ix < std::min(in.shape.w, x0 + k.extent_w()); ix += k.dw)
            if (ix >= 0) inside.push_back(in.values[(static_cast<std::size_t>(iy) * in.shape.w + ix) * in.shape.c + c]);
        out.values[at++] = reduce(inside);
      }
  return out;
}

Tensor max_pool(const network::Layer& layer, const Tensor& in) {
  return pool(layer, in, [](const std::vector<std::int8_t>& v) { return *std::max_element(v.begin(), v.end()); });
}

// Padding counts: the divisor, or what the multiplier stands for, is the whole window.
Tensor average_pool(const network::Layer& layer, const Tensor& in) {
  const int count = layer.window.kh * layer.window.kw;
  return pool(layer, in, [&layer, count](const std::vector<std::int8_t>& v) {
    std::int32_t sum = 0;
    for (std::int8_t x : v) sum += x;
    return layer.scaling == network::Scaling::power ? average(sum, count)
                                                    : requantize(sum, layer.multiplier[0], layer.shift);
  });
}

Tensor concatenate(const network::Layer& layer, const std::vector<Tensor>& tensors) {
  Tensor out = empty(layer.out);
  auto to = out.values.begin();
  for (std::size_t pixel = 0; pixel < static_cast<std::size_t>(layer.out.h) * layer.out.w; ++pixel)
    for (network::LayerId part : layer.inputs) {
      const auto c = static_cast<std::size_t>(tensors[part].shape.c);
      to = std::copy_n(tensors[part].values.begin() + static_cast<std::ptrdiff_t>(pixel * c), c, to);
    }
  return out;
}

}  // namespace

Tensor compute_layer(const network::Layer& layer, const std::vector<Tensor>& tensors,
                     const sparsity::WeightTensor& weights) {
  const auto in = [&](std::size_t i) -> const Tensor& { return tensors[layer.inputs[i]]; };
  switch (layer.op) {
    case network::Op::input:
    case network::Op::constant:
      break;
    case network::Op::conv2d:
      return layer.groups > 1 || layer.window.dh > 1 || layer.window.dw > 1
                 ? grouped_convolution(layer, in(0), weights)
                 : finished(layer, reference_convolution(layer, in(0), weights));
    case network::Op::depthwise:
      return grouped_convolution(layer, in(0), weights);
    case network::Op::lookup:
      return look_up(layer, in(0));
    case network::Op::select:
      return select_channels(layer, in(0));
    case network::Op::pick:
      return pick_pixels(layer, in(0));
    case network::Op::resize:
      return resize(layer, in(0));
    case network::Op::depth_to_space:
      return depth_to_space(layer, in(0));
    case network::Op::remap:
      return remap(layer, in(0));
    case network::Op::transpose:
      return transpose(layer, in(0));
    case network::Op::matmul:
      return multiply_tensors(layer, in(0), in(1));
    case network::Op::softmax:
      return softmax(layer, in(0));
    case network::Op::layernorm:
      return layer_normalization(layer, in(0), weights);
    case network::Op::maxpool:
      return max_pool(layer, in(0));
    case network::Op::avgpool:
      return average_pool(layer, in(0));
    case network::Op::add:
    case network::Op::sub:
    case network::Op::mul:
      return combine_tensors(layer, in(0), in(1));
    case network::Op::concat:
      return concatenate(layer, tensors);
  }
  return {};
}

std::vector<Tensor> run_reference(const network::Network& network, const NetworkData& data) {
  std::vector<Tensor> tensors(network.layers.size());
  for (const network::Layer& layer : network.layers)
    tensors[layer.id] =
        ops::is_source(layer) ? data.source(layer) : compute_layer(layer, tensors, data.weights_of(layer));
  return tensors;
}

std::vector<std::int32_t> reference_product(const network::Layer& gemm, const NetworkData& data) {
  const int m = gemm.out.h, k = gemm.in.c, n = gemm.out.c;
  const sparsity::WeightTensor& w = data.weights[static_cast<std::size_t>(gemm.id)];
  std::vector<std::int32_t> c(static_cast<std::size_t>(m) * n);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      const std::int8_t *a = &data.input.values[static_cast<std::size_t>(i) * k],
                        *b = &w.values[static_cast<std::size_t>(j) * k];
      std::int32_t sum = 0;
      for (int s = 0; s < k; ++s) sum += std::int32_t{a[s]} * b[s];
      c[static_cast<std::size_t>(i) * n + j] = sum;
    }
  return c;
}

}  // namespace tessera::reference
