// Of files with a fixed batch one image is computed, wherever its elements stand among those of the others.
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;
using Catch::Contains;

namespace {

// Attention of 2 heads over the 36 pixels of a map, as torch.nn has it: rows x (images and heads) x channels, with a
// query that is the same for every image.
Net heads(std::int64_t batch) {
  Net net({batch, 8, 6, 6});
  reshape(net, "x", "pixels", {batch, 8, 36});
  turn(net, "pixels", "rows", {2, 0, 1});  // 36 x images x 8
  std::vector<float> queries;
  for (int q = 0; q < 10; ++q)
    for (std::int64_t b = 0; b < batch; ++b)
      for (int c = 0; c < 8; ++c) queries.push_back(static_cast<float>(q * 8 + c) / 40 - 1);
  net.floats("queries", {10, batch, 8}, queries);
  for (const char* name : {"q", "k", "v"}) {
    const bool query = *name == 'q';
    const std::string n = name;
    net.random(n + "_w", {8, 8}).line("MatMul", {query ? "queries" : "rows", n + "_w"}, n);
    reshape(net, n, n + "_heads", {query ? 10 : 36, batch * 2, 4});
    turn(net, n + "_heads", n + "_t", n == "k" ? Sides{1, 2, 0} : Sides{1, 0, 2});
  }
  net.line("MatMul", {"q_t", "k_t"}, "scores").line("Softmax", {"scores"}, "shares").with("axis", -1);
  net.line("MatMul", {"shares", "v_t"}, "sums");
  turn(net, "sums", "s", {1, 0, 2});
  reshape(net, "s", "flat", {10 * batch, 8});
  net.random("o_w", {8, 8}).line("Gemm", {"flat", "o_w"}, "o");
  reshape(net, "o", "out", {10, batch, 8});
  net.line("Add", {"queries", "out"}, "sum");
  turn(net, "sum", "y", {1, 0, 2}).output("y");
  return net;
}

}  // namespace

TEST_CASE("Images that stand between rows and heads are computed one by one") {
  const Imported one = imported_of(heads(1));
  CHECK(layers_error(heads(1)) < int8_error);
  for (const std::int64_t batch : {2, 4}) {
    const Imported imported = imported_of(heads(batch));
    CHECK(imported.images == batch);
    CHECK(imported.file["layers"] == one.file["layers"]);
    CHECK(imported.macs.total() == one.macs.total());
  }
}

TEST_CASE("What is computed across images is refused, wherever they stand") {
  const auto told = [](Net& net, const std::string& op) {
    net.output("y");
    CHECK_THAT(refusal(net), Contains("(" + op + "): computes across the images of a batch of 4; images that are"));
  };
  Net shares({4, 8, 6, 6});
  told(shares.line("Softmax", {"x"}, "y").with("axis", 0), "Softmax");
  Net channels({4, 8, 6, 6});  // images among the channels, all of which a product sums
  turn(channels, "x", "t", {1, 2, 3, 0});
  told(channels.random("w", {4, 8}).line("MatMul", {"t", "w"}, "y"), "MatMul");
  Net rows({4, 8, 6, 6});  // images as rows of a map, of which a window reads three
  reshape(rows, "x", "r", {4, 8, 36});
  turn(rows, "r", "t", {1, 0, 2});
  reshape(rows, "t", "m", {1, 8, 4, 36});
  told(rows.random("w", {8, 8, 3, 3}).line("Conv", {"m", "w"}, "y").with("pads", Sides{1, 1, 1, 1}), "Conv");
  Net others({4, 8, 6, 6});  // each image with all others
  reshape(others, "x", "a", {4, 288});
  turn(others, "a", "b", {1, 0});
  told(others.line("MatMul", {"a", "b"}, "y"), "MatMul");
  Net empty({4, 8, 6, 6});  // nothing of every image
  empty.integers("from", {0}).integers("to", {0}).integers("at", {1});
  empty.line("Slice", {"x", "from", "to", "at"}, "s");
  reshape(empty, "s", "r", {0, 4, 36}).line("Relu", {"r"}, "y").output("y");
  CHECK(refusal(empty) != "read");
  Net cut({4, 8, 6, 6});
  reshape(cut, "x", "a", {3, 12, 32});
  told(cut.line("Relu", {"a"}, "y"), "Reshape");
}

TEST_CASE("Sequences have a batch where convolutions read them; rows of other inputs are rows") {
  const auto net = [](std::int64_t batch) {
    Net n({batch, 8, 40});
    n.random("w", {8, 8, 3}).line("Conv", {"x", "w"}, "c").random("v", {8, 38}).line("Mul", {"c", "v"}, "y");
    n.output("y");
    return n;
  };
  const Imported one = imported_of(net(1)), three = imported_of(net(3));
  CHECK(three.images == 3);
  CHECK(three.file["layers"] == one.file["layers"]);
  const auto waves = [](std::int64_t batch) {  // without a channel
    Net n({batch, 40});
    n.integers("second", {1}).line("Unsqueeze", {"x", "second"}, "u").random("w", {8, 1, 3});
    n.line("Conv", {"u", "w"}, "y").output("y");
    return n;
  };
  CHECK(layers_error(waves(1)) < int8_error);
  CHECK(imported_of(waves(1)).file["input"] == nlohmann::json({40, 1, 1}));
  CHECK(imported_of(waves(2)).file["layers"] == imported_of(waves(1)).file["layers"]);
  Net steps({40, 1, 8});  // steps in front
  turn(steps, "x", "t", {1, 2, 0});
  steps.random("w", {8, 8, 3}).line("Conv", {"t", "w"}, "y").output("y");
  CHECK(imported_of(steps).images == 1);
  CHECK(layers_error(steps) < int8_error);
  Net product({3, 16, 8});
  product.random("w", {8, 8}).line("MatMul", {"x", "w"}, "y").output("y");
  CHECK(imported_of(product).macs.total() == 3 * 16 * 8 * 8);
}

TEST_CASE("A sequence of more pixels than 16 bits count") {
  Net net({1, 160000});  // ten seconds of sound
  net.integers("second", {1}).line("Unsqueeze", {"x", "second"}, "u").random("w", {8, 1, 10});
  net.line("Conv", {"u", "w"}, "y").with("strides", Sides{5}).output("y");
  CHECK(imported_of(net).network.layers.back().out == network::Shape{31999, 1, 8});
}
