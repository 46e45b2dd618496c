// Branches whose condition follows from shapes, operators that are made of others, and nodes that the host computes.
#include "tests/import/pieces.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;
using Catch::Contains;

namespace {

// If the third side of x is 1 it is squeezed, else the last one would be, which is wrong.
Net squeezed(std::int64_t side) {
  Net net({1, 8, side, 16});
  net.line("Shape", {"x"}, "shape").constant("two", {}, 7).add_int64_data(2);
  net.line("Gather", {"shape", "two"}, "side").constant("one", {}, 7).add_int64_data(1);
  net.line("Equal", {"side", "one"}, "flat").node("If", {"flat"}, {"rows"});
  onnx::NodeProto& node = *net.model.mutable_graph()->mutable_node(net.model.graph().node_size() - 1);
  for (const auto& [name, axis] : {std::pair{"then_branch", 2}, {"else_branch", 3}}) {
    onnx::AttributeProto& branch = *node.add_attribute();
    branch.set_name(name);
    branch.set_type(onnx::AttributeProto::GRAPH);
    const std::string end = name;
    ModelBuilder inner;
    inner.node("Constant", {}, {"axis_" + end}).with("value_ints", Sides{axis});
    inner.node("Squeeze", {"x", "axis_" + end}, {"out_" + end}).output("out_" + end);
    *branch.mutable_g() = inner.model.graph();
  }
  turn(net, "rows", "t", {0, 2, 1});
  linear(net, "t", "y", 8, 4).output("y");
  return net;
}

// A recurrent layer between two products, and the best of each row.
Net reader() {
  Net net({6, 1, 8});
  linear(net, "x", "a", 8, 8).random("w", {1, 16, 8}).random("r", {1, 16, 4});
  net.node("LSTM", {"a", "w", "r"}, {"s"}).with("hidden_size", 4);
  reshape(net, "s", "rows", {6, 4});
  linear(net, "rows", "y", 4, 8).integers("k", {2}).node("TopK", {"y", "k"}, {"best", "places"});
  net.output("best").output("places");
  return net;
}

Expected<std::vector<Stage>> stages_of(const Net& net, const HostTimes& times) {
  const TemporaryFolder folder;
  return import_stages(net.write(folder.path, "m.onnx"), {}, times);
}

std::string refusal(const Net& net, const HostTimes& times) {
  const Expected<std::vector<Stage>> stages = stages_of(net, times);
  return stages ? "" : describe(stages.failure());
}

}  // namespace

TEST_CASE("An If whose condition is known takes its branch, and the other may be wrong") {
  CHECK(layers_error(squeezed(1)) < int8_error);
  const TemporaryFolder folder;
  const Expected<Imported> wrong = import_onnx(squeezed(2).write(folder.path, "m.onnx"), {});
  REQUIRE_FALSE(wrong);
  CHECK_THAT(describe(wrong.failure()), Contains("node 'rows' (If): takes a branch whose output 'out_else_branch'"));
}

TEST_CASE("Attention of operator set 23, with shared keys and a causal mask") {
  for (const int causal : {0, 1})
    for (const std::int64_t kv : {4, 2}) {
      CAPTURE(causal, kv);
      const auto parts = [&](bool whole) {
        Net net({1, 6, 32});
        net.model.mutable_opset_import(0)->set_version(23);
        linear(net, "x", "q", 32, 32), linear(net, "x", "k", 32, 8 * kv), linear(net, "x", "v", 32, 8 * kv);
        if (whole) net.node("Attention", {"q", "k", "v"}, {"y"}).with("q_num_heads", 4).with("kv_num_heads", int(kv));
        if (whole) net.with("is_causal", causal);
        return net;
      };
      Net said = parts(false);  // the same by the definition
      for (const auto& [name, heads] : {std::pair{"q", std::int64_t{4}}, {"k", kv}, {"v", kv}}) {
        const std::string n = name;
        reshape(said, n, n + "r", {1, 6, heads, 8});
        turn(said, n + "r", n + "t", {0, 2, 1, 3});
        reshape(said, n + "t", n + "5", {1, heads, 1, 6, 8}).integers(n + "e", {1, heads, 4 / heads, 6, 8});
        said.line("Expand", {n + "5", n + "e"}, n + "x");
        reshape(said, n + "x", n + "h", {1, 4, 6, 8});
      }
      turn(said, "kh", "keys", {0, 1, 3, 2}).line("MatMul", {"qh", "keys"}, "p").number("d", std::sqrt(8.0F));
      std::vector<float> mask(36);
      for (std::size_t i = 0; i < 36; ++i) mask[i] = causal == 1 && i % 6 > i / 6 ? -1e9F : 0;
      said.line("Div", {"p", "d"}, "s").floats("m", {1, 1, 6, 6}, mask).line("Add", {"s", "m"}, "sm");
      said.line("Softmax", {"sm"}, "shares").with("axis", -1).line("MatMul", {"shares", "vh"}, "o");
      turn(said, "o", "ot", {0, 2, 1, 3});
      reshape(said, "ot", "y", {1, 6, 32}).output("y");
      Random random(5);
      std::vector<float> x(6 * 32);
      for (float& v : x) v = static_cast<float>(2 * random.uniform() - 1);
      Net attention = parts(true);
      attention.output("y");
      const std::vector<double> want = reals(computed(said, {x}));
      CHECK(LayerValues(imported_of(attention)).error({{x.begin(), x.end()}}, want) < int8_error);
    }
}

TEST_CASE("Nodes on the host cut a network into stages") {
  const Expected<std::vector<Stage>> stages = stages_of(reader(), {{"LSTM", 50}, {"TopK", 5}});
  REQUIRE(stages);
  REQUIRE(stages->size() == 3);
  CHECK((*stages)[0].host.empty());
  REQUIRE((*stages)[1].host.size() == 1);
  const HostCall& call = (*stages)[1].host[0];
  CHECK(call.node == "s");
  CHECK(call.us == 50);
  CHECK(call.reads == 6 * 8);
  CHECK(call.makes == 6 * 4);
  REQUIRE((*stages)[1].array);
  CHECK((*stages)[1].array->network.layers[0].out == network::Shape{6, 1, 4});
  CHECK((*stages)[0].array->macs.total() + (*stages)[1].array->macs.total() == 6 * 8 * 8 + 6 * 4 * 8);
  CHECK_FALSE((*stages)[2].array);  // the host is last
  CHECK((*stages)[2].host.size() == 1);
}

TEST_CASE("The host reads what is only moved for it, and between its nodes") {
  Net net({1, 6, 8});
  turn(net, "x", "t", {1, 0, 2});  // in front of it
  net.random("w", {1, 16, 8}).random("r", {1, 16, 4});
  net.node("LSTM", {"t", "w", "r"}, {"s"}).with("hidden_size", 4);
  turn(net, "s", "m", {2, 1, 0, 3});  // between two nodes
  net.integers("k", {2}).node("TopK", {"m", "k"}, {"best", "places"}).output("best");
  const Expected<std::vector<Stage>> stages = stages_of(net, {{"LSTM", 50}, {"TopK", 5}});
  REQUIRE(stages);
  for (const Stage& stage : *stages) CHECK_FALSE(stage.array);
  REQUIRE(stages->size() == 3);
  CHECK((*stages)[2].host[0].reads == (*stages)[1].host[0].makes);
}

TEST_CASE("What is neither a layer nor on the host is refused by node, and so is what the file does not have") {
  CHECK_THAT(refusal(reader(), {{"LSTM", 1}}), Contains("node 'best' (TopK): the operator TopK has no layer"));
  const std::string all = refusal(reader(), {});
  CHECK_THAT(all, Contains("(LSTM)") && Contains("(TopK)"));
  CHECK_THAT(refusal(reader(), {{"LSTM", 1}, {"TopK", 1}, {"GRU", 1}}), Contains("names GRU, which no node has"));
  Net unknown({1, 8});
  unknown.node("Bernoulli", {"x"}, {"b"});
  linear(unknown, "b", "y", 8, 4).output("y");
  CHECK_THAT(refusal(unknown, {{"Bernoulli", 1}}), Contains("reads 'b' of the host, of unknown size"));
  onnx::ValueInfoProto& info = *unknown.model.mutable_graph()->add_value_info();
  info = unknown.model.graph().input(0);
  info.set_name("b");
  CHECK(refusal(unknown, {{"Bernoulli", 1}}) == "");
}

TEST_CASE("Integers that are taken for other numbers than they were made of are multiplied") {
  Net net;
  net.conv("x", "c", 8, 8).number("fine", 0.03F).number("coarse", 0.12F).constant("zero", {}, 3).add_int32_data(0);
  net.node("QuantizeLinear", {"c", "fine", "zero"}, {"q"}).node("DequantizeLinear", {"q", "coarse", "zero"}, {"y"});
  net.output("y");
  CHECK(layers_error(net) < int8_error);
  CHECK(imported_of(net).network.layers.size() == 2);
}
