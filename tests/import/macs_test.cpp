// Whether the products of real exports are seen, all of them: counted by hand or by onnx's own shape inference.
#include "sim/import/macs.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/import/import.h"
#include "sim/import/infer.h"
#include "sim/import/onnx_reader.h"
#include "sim/import/opset.h"
#include "sim/import/passes.h"
#include "tests/import/model_builder.h"
#include "tests/import/temporary_folder.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

Graph read_model_file(const std::string& name) {
  Expected<Graph> graph = read_onnx("tests/import/models/" + name, {});
  REQUIRE(graph);
  upgrade(*graph);
  REQUIRE(infer(*graph).empty());
  for (const Node& node : graph->nodes)
    for (const ValueId v : node.outputs) REQUIRE(graph->values[static_cast<std::size_t>(v)].known);
  return std::move(*graph);
}

// Of an Einsum of these tensors, and of weights.
MacCount macs_of(const std::string& equation, const std::vector<Sides>& tensors, const Sides& weights = {}) {
  ModelBuilder model;
  std::vector<std::string> names;
  for (const Sides& shape : tensors) model.input(names.emplace_back(1, "xyz"[names.size()]), shape);
  if (!weights.empty()) model.filled(names.emplace_back("w"), weights);
  model.node("Einsum", names, {"out"}).with("equation", equation).output("out");
  const TemporaryFolder folder;
  Expected<Graph> graph = read_onnx(model.write(folder.path, "m.onnx"), {});
  REQUIRE(graph);
  REQUIRE(infer(*graph).empty());
  return count_macs(*graph);
}

}  // namespace

TEST_CASE("Convolutions and fully connected layers of exported networks") {
  const Graph squeezenet = read_model_file("squeezenet1_1_op11.onnx.gz");
  CHECK(count_macs(squeezenet).conv == 349151936);
  CHECK(count_macs(squeezenet).nodes == 26);
  const Graph mobilenet = read_model_file("mobilenet_v3_small_op17.onnx.gz");
  CHECK(count_macs(mobilenet).conv == 54896576);
  CHECK(count_macs(mobilenet).gemm == 1613824);
}

TEST_CASE("The channel shuffle's shape arithmetic hides no convolution") {
  // onnx 1.12 loses the shapes behind 13 Reshapes whose targets are computed, and with them 39 of the 56 convolutions.
  const MacCount count = count_macs(read_model_file("shufflenet_op13.onnx.gz"));
  CHECK(count.nodes == 57);
  CHECK(count.conv == 143883992);
  CHECK(count.gemm == 1024000);
}

TEST_CASE("Attention: products with weights and between activations") {
  // 4 layers, 128 tokens, width 256, 4 heads of 64, inner width 1024.
  const MacCount count = count_macs(read_model_file("bert_small_op17.onnx.gz"));
  CHECK(count.matmul_weights == std::int64_t{4} * 128 * 256 * (4 * 256 + 2 * 1024));
  CHECK(count.matmul_activations == std::int64_t{4} * 4 * 2 * 128 * 128 * 64);
  CHECK(count.nodes == 32);
  // onnx 1.12 loses the shape behind the Reshape that joins the heads, whose target is computed: the four projections
  // there are missing, and the heads of the products before it count as one.
  const std::int64_t projections = std::int64_t{4} * 128 * 256 * 256;
  CHECK(count.total() - projections - count.matmul_activations / 4 * 3 == 377487360);
}

TEST_CASE("Einsum counts as the products that it is") {
  CHECK(macs_of("bct,bcs->bts", {{1, 8, 5}, {1, 8, 7}}).matmul_activations == 8 * 5 * 7);
  CHECK(macs_of("bhij,bhjd->bhid", {{1, 2, 5, 6}, {1, 2, 6, 3}}).matmul_activations == 2 * 5 * 6 * 3);
  CHECK(macs_of("btc,dc->btd", {{1, 5, 8}}, {3, 8}).matmul_weights == 5 * 8 * 3);
  CHECK(macs_of("...c,cd", {{1, 4, 5, 8}}, {8, 3}).matmul_weights == 4 * 5 * 8 * 3);
  // One tensor after the other: 4 x 5 times 5 x 6, and that times 6 x 7.
  CHECK(macs_of("ab,bc,cd->ad", {{4, 5}, {5, 6}, {6, 7}}).total() == 4 * 5 * 6 + 4 * 6 * 7);
  // What one tensor has alone is summed before, and what sums nothing accumulates nothing.
  CHECK(macs_of("abk,bc->ac", {{4, 5, 9}, {5, 6}}).total() == 4 * 5 * 6);
  CHECK(macs_of("bc,bc->bc", {{4, 5}, {4, 5}}).total() == 0);
  CHECK(macs_of("a,b->ab", {{4}, {5}}).total() == 0);
}

TEST_CASE("What is computed of constants alone is told apart from what nothing reads") {
  ModelBuilder model;
  model.input("x", {1, 8}).filled("c", {1, 8}).filled("w", {8, 8});
  model.node("MatMul", {"c", "w"}, {"constant"})
      .node("MatMul", {"x", "w"}, {"unread"})
      .node("Add", {"x", "constant"}, {"y"});
  model.output("y");
  const TemporaryFolder folder;
  DeadCode dead;
  REQUIRE(read_graph(model.write(folder.path, "m.onnx"), {}, &dead));
  CHECK(dead.constant_macs == 64);
  CHECK(dead.macs == 64);
}

TEST_CASE("What nothing reads goes, and its products are told") {
  Graph graph = read_model_file("squeezenet1_1_op11.onnx.gz");
  const MacCount all = count_macs(graph);
  const Node last_conv =
      *std::find_if(graph.nodes.rbegin(), graph.nodes.rend(), [](const Node& n) { return n.op == "Conv"; });
  graph.outputs = {last_conv.inputs[0]};
  const DeadCode dead = remove_dead_code(graph);
  CHECK(dead.macs == std::int64_t{13} * 13 * 512 * 1000);
  CHECK(count_macs(graph).total() == all.total() - dead.macs);
}
