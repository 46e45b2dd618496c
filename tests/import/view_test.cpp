// Do views follow reshapes, transpositions and slices without moving anything? Judged by counting every element.
#include "sim/tensor/view.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "sim/base/random.h"
#include "sim/import/import.h"

using namespace tessera;
using namespace tessera::import;

namespace {

// Where the elements of a value stand, in its order: pixel * channels + channel.
std::vector<std::int64_t> places(const View& v) {
  std::vector<std::int64_t> list;
  Digits all;
  for (const Digits& dim : v.dims) all.insert(all.end(), dim.begin(), dim.end());
  std::vector<std::int64_t> values{v.first_pixel * v.c + v.first_channel};
  for (const Digit& d : all) {
    std::vector<std::int64_t> next;
    for (const std::int64_t at : values)
      for (std::int64_t i = 0; i < d.size; ++i) next.push_back(at + i * d.stride * (d.channel ? 1 : v.c));
    values = std::move(next);
  }
  return values;
}

// The same elements as an array that is moved step by step.
struct Array {
  Dims shape;
  std::vector<std::int64_t> values;
};
Array transposed_array(const Array& a, const Dims& order) {
  const Dims strides = strides_of(a.shape);
  Dims shape, moved;
  for (const std::int64_t d : order) {
    shape.push_back(a.shape[static_cast<std::size_t>(d)]);
    moved.push_back(strides[static_cast<std::size_t>(d)]);
  }
  Array out{shape, {}};
  Walk walk(out.shape, {moved});
  for (std::size_t i = 0; i < a.values.size(); ++i, walk.next())
    out.values.push_back(a.values[static_cast<std::size_t>(walk.offset(0))]);
  return out;
}
Array sliced_array(const Array& a, std::size_t dim, std::int64_t start, std::int64_t step, std::int64_t size) {
  const Dims strides = strides_of(a.shape);
  Dims moved = strides;
  moved[dim] *= step;
  Array out{a.shape, {}};
  out.shape[dim] = size;
  Walk walk(out.shape, {moved});
  for (std::int64_t i = 0; i < element_count(out.shape); ++i, walk.next())
    out.values.push_back(a.values[static_cast<std::size_t>(walk.offset(0) + start * strides[dim])]);
  return out;
}

}  // namespace

TEST_CASE("Views name the elements that moving them would give") {
  Random random(5);
  const auto pick = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n)));
  };
  int moved = 0;
  for (int round = 0; round < 300; ++round) {
    View view = map_view("x", 4, 6, 12);
    Array array{{1, 12, 4, 6}, places(view)};
    for (int step = 0; step < 4; ++step) {
      const std::size_t rank = array.shape.size();
      const std::int64_t kind = pick(3);
      if (kind == 0) {
        Dims order(rank);
        std::iota(order.begin(), order.end(), 0);
        random.shuffle(order);
        view = transposed(view, order);
        array = transposed_array(array, order);
      } else if (kind == 1) {
        const std::size_t dim = static_cast<std::size_t>(pick(static_cast<std::int64_t>(rank)));
        const std::int64_t side = array.shape[dim], size = 1 + pick(side), start = pick(side - size + 1);
        const auto part = sliced(view, dim, start, 1, size);
        if (!part) continue;
        view = *part;
        array = sliced_array(array, dim, start, 1, size);
      } else {
        Dims shape{element_count(array.shape)};
        for (const std::int64_t factor : {2, 3, 2})
          if (shape.back() % factor == 0 && pick(2) == 0) shape = {shape[0] / factor, factor};
        const auto other = reshaped(view, shape);
        if (!other) continue;
        view = *other;
        array.shape = shape;
      }
      ++moved;
      REQUIRE(view.shape() == array.shape);
      REQUIRE(places(view) == array.values);
    }
  }
  CHECK(moved > 600);
}

TEST_CASE("Exported networks become layers with as many multiply-accumulates as their nodes") {
  for (const char* file : {"mobilenet_v3_small_op17", "shufflenet_op13", "bert_small_op17", "squeezenet1_1_op11"}) {
    INFO(file);
    const Expected<Imported> imported = import_onnx(std::string("tests/import/models/") + file + ".onnx.gz", {});
    REQUIRE(imported);
    std::int64_t macs = 0;
    for (const network::Layer& layer : imported->network.layers)
      if (layer.op != network::Op::depthwise || layer.window.taps() > 1) macs += layer.macs();
    CHECK(macs == imported->macs.total());
  }
}
