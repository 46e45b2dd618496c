// Does a pruned file hold what was pruned? It is read again: zero blocks where the masks say so, all else as it was.
#include "sim/import/pruned_file.h"

#include <catch2/catch.hpp>

#include "sim/sparsity/importance.h"
#include "tests/import/model_builder.h"
#include "tests/import/temporary_folder.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

sparsity::FloatWeights floats(const Imported& imported, const network::Layer& layer) {
  return {layer.out.c, layer.window.kh * layer.window.kw, layer.in.c,
          imported.weights[static_cast<std::size_t>(layer.id)]->values()};
}

void prune_and_compare(const ModelBuilder& model) {
  const TemporaryFolder folder;
  const std::string from = model.write(folder.path, "m.onnx");
  const Expected<Imported> before = import_onnx(from, {});
  if (!before) FAIL(describe(before.failure()));
  Masks masks(before->network.layers.size());
  for (const network::Layer& layer : before->network.layers) {
    if (!before->weights[static_cast<std::size_t>(layer.id)]) continue;
    masks[static_cast<std::size_t>(layer.id)] = sparsity::BlockMask::all_ones(layer.out.c, layer.in.c);
    auto& bits = masks[static_cast<std::size_t>(layer.id)]->bits;
    for (std::size_t b = static_cast<std::size_t>(layer.id) % 2; b < bits.size(); b += 2) bits[b] = 0;
  }
  for (const char* name : {"/p.onnx", "/p.onnx.gz"}) {
    const std::string to = folder.path + name;
    const auto failure = write_pruned(from, to, *before, masks);
    if (failure) FAIL(describe(*failure));
    const Expected<Imported> after = import_onnx(to, {});
    if (!after) FAIL(describe(after.failure()));
    for (const network::Layer& layer : before->network.layers) {
      const auto& mask = masks[static_cast<std::size_t>(layer.id)];
      if (!mask) continue;
      INFO(layer.name);
      const sparsity::FloatWeights old = floats(*before, layer), now = floats(*after, layer);
      CHECK(nonzero_blocks(now, 8, 8).bits == mask->bits);
      for (std::size_t i = 0; i < old.values.size(); ++i) {
        const auto row = static_cast<int>(i) / (old.taps * old.cin), col = static_cast<int>(i) % old.cin;
        if (now.values[i] != (mask->present(row / 8, col / 8) ? old.values[i] : 0)) FAIL("weight " << i);
      }
    }
  }
}

}  // namespace

TEST_CASE("Convolutions and products, one of them transposed, weights that two layers share") {
  ModelBuilder b;
  b.input("x", {1, 16, 6, 6}).filled("w", {16, 16, 3, 3}).filled("g", {10, 576}).filled("m", {10, 24});
  b.node("Conv", {"x", "w"}, {"a"}).with("pads", Sides{1, 1, 1, 1});
  b.node("Conv", {"a", "w"}, {"b"}).with("pads", Sides{1, 1, 1, 1});
  b.node("Flatten", {"b"}, {"f"});
  b.node("Gemm", {"f", "g"}, {"p"}).with("transB", 1);
  b.node("MatMul", {"p", "m"}, {"y"}).output("y");
  prune_and_compare(b);
}

TEST_CASE("Integers behind DequantizeLinear become their zero point, also where two layers share them") {
  ModelBuilder b;
  b.input("x", {1, 16, 4, 4}).floats("s", {}, {0.1F});
  onnx::TensorProto& weights = b.constant("w", {16, 16, 1, 1}, 2);
  for (int i = 0; i < 256; ++i) weights.add_int32_data(100 + i % 27);
  onnx::TensorProto& zero = b.constant("z", {}, 2);
  zero.add_int32_data(128);
  b.node("DequantizeLinear", {"w", "s", "z"}, {"real"});
  b.node("Conv", {"x", "real"}, {"a"});
  b.node("Conv", {"a", "real"}, {"y"}).output("y");
  prune_and_compare(b);
}
