// Whether the products of real exports are seen, all of them: counted by hand or by onnx's own shape inference.
#include "sim/import/macs.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/import/infer.h"
#include "sim/import/onnx_reader.h"
#include "sim/import/opset.h"
#include "sim/import/passes.h"

using namespace tessera;
using namespace tessera::import;

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
