// Are views of tensors copied as they are defined, element by element, whatever their strides?
#include "sim/import/tensor.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/base/random.h"
#include "sim/tensor/layer_weights.h"

using namespace tessera;
using namespace tessera::import;

namespace {

// By definition: the element at index i stands at offset + sum of i[d] * strides[d].
std::string copied(const Tensor& from, const Dims& shape, std::int64_t offset, const Dims& strides) {
  const auto size = static_cast<std::size_t>(type_bytes(from.type));
  std::string bytes;
  Dims index(shape.size(), 0);
  for (std::int64_t left = element_count(shape); left > 0; --left) {
    std::int64_t at = offset;
    for (std::size_t d = 0; d < shape.size(); ++d) at += index[d] * strides[d];
    bytes += from.bytes->substr(static_cast<std::size_t>(at) * size, size);
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return bytes;
}

struct RandomView {
  Dims shape, strides;
  std::int64_t offset = 0;
};

// A permutation of the dimensions of a tensor, some of them cut, turned round or repeated.
RandomView random_view(Random& random, const Dims& whole) {
  const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random.below(static_cast<int>(n))); };
  const Dims own = strides_of(whole);
  std::vector<std::size_t> order;
  for (std::size_t d = 0; d < whole.size(); ++d)
    order.insert(order.begin() + below(static_cast<std::int64_t>(d) + 1), d);
  RandomView view;
  for (const std::size_t d : order) {
    const std::int64_t step = 1 + below(2), size = ceil_div(whole[d] - below(2) * (whole[d] / 2), step);
    const std::int64_t kind = below(6);
    view.shape.push_back(size);
    view.strides.push_back(kind == 0 ? 0 : kind == 1 ? -step * own[d] : step * own[d]);
    if (kind == 1) view.offset += (size - 1) * step * own[d];
  }
  return view;
}

}  // namespace

TEST_CASE("a strided copy has the elements of its view in order") {
  Random random(11);
  const auto below = [&](int n) { return static_cast<int>(random.below(n)); };
  for (int round = 0; round < 400; ++round) {
    Dims shape;
    for (int d = below(5); d >= 0; --d) shape.push_back(1 + below(d == 0 || below(3) == 0 ? 70 : 6));
    if (element_count(shape) > 40000) continue;
    Tensor from;
    from.type = std::vector{DataType::u8, DataType::f16, DataType::f32, DataType::i64}[below(4)];
    from.shape = shape;
    std::string bytes;
    for (std::int64_t i = element_count(shape) * type_bytes(from.type); i > 0; --i)
      bytes += static_cast<char>(below(256));
    from.bytes = std::make_shared<const std::string>(bytes);
    const RandomView view = random_view(random, shape);
    const Tensor copy = strided_copy(from, view.shape, view.offset, view.strides);
    REQUIRE(*copy.bytes == copied(from, view.shape, view.offset, view.strides));
    REQUIRE(copy.shape == view.shape);
  }
}

TEST_CASE("the figures of weights are those of their values") {
  LayerWeights w;
  w.source = make_tensor(DataType::f32, {2, 3}, std::vector<double>{1, -4, 2, 0.5, 3, -1});
  w.shape = {3, 1, 1, 2};  // transposed, as a MatMul has them
  w.strides = {1, 1, 1, 3};
  w.factor = 2;
  const WeightFigures figures = w.figures();
  CHECK(figures.unfit == 0);
  CHECK(figures.squares == 4 * (1 + 16 + 4 + 0.25 + 9 + 1));
  CHECK(figures.largest == std::vector<float>{2, 8, 4});
  w.source = make_tensor(DataType::f32, {2, 3}, std::vector<double>{1, NAN, 2, INFINITY, 3, -INFINITY});
  CHECK(w.figures().unfit == 3);
}
