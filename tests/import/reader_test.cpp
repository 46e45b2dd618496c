// What is read of a file, and what is refused, with node and attribute named.
#include <zlib.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>

#include "sim/import/import.h"
#include "tests/import/problems.h"
#include "tests/import/temporary_folder.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {

ModelBuilder small_model(int opset = 17) {
  ModelBuilder b(opset);
  b.input("x", {1, 3, 8, 8}).filled("w", {8, 3, 3, 3});
  b.node("Conv", {"x", "w"}, {"y"}).with("pads", Sides{1, 1, 1, 1}).output("y");
  return b;
}

using Catch::Contains;

}  // namespace

TEST_CASE("Operator sets 7 to 23 are read, whatever the IR version is") {
  for (const int opset : {7, 17, 23}) {
    ModelBuilder model = small_model(opset);
    model.model.set_ir_version(opset < 10 ? 3 : 13);
    CHECK(problems_of(model) == "");
  }
  CHECK_THAT(problems_of(small_model(6)), Contains("opset_import: is 6; 7 to 23"));
  CHECK_THAT(problems_of(small_model(24)), Contains("opset_import: is 24; 7 to 23"));
}

TEST_CASE("A file that says one thing twice, and differently, is refused") {
  ModelBuilder sets = small_model();
  sets.model.add_opset_import()->set_version(11);
  CHECK_THAT(problems_of(sets), Contains("opset_import: names the operator set of ONNX twice; once"));
  ModelBuilder wide = small_model();
  wide.input("w", {9, 3, 3, 3});
  CHECK_THAT(problems_of(wide), Contains("input 'w': is float of 9x3x3x3; float of 8x3x3x3, as its initializer"));
  ModelBuilder whole = small_model();
  whole.input("w", {8, 3, 3, 3}, "", 7);
  CHECK_THAT(problems_of(whole), Contains("input 'w': is int64 of 8x3x3x3; float of 8x3x3x3, as its initializer"));
  ModelBuilder open = small_model();
  open.input("w", {0, 3, 3, 3});
  CHECK(problems_of(open) == "");
}

TEST_CASE("Shapes that the file says are those that its nodes make") {
  const auto two_nodes = [] {  // y: 1x8x8x8
    ModelBuilder model = small_model();
    model.node("Relu", {"y"}, {"z"}).output("z");
    return model;
  };
  for (const Sides& shape : {Sides{1, 8, 8, 8}, {1, 8, 0, 0}}) CHECK(problems_of(two_nodes().says("y", shape)) == "");
  CHECK_THAT(problems_of(two_nodes().says("y", {1, 8, 9, 0})),
             Contains("node 'y' (Conv): makes 'y' of 1x8x8x8, and the file says 1x8x9x?; the shape that follows"));
  CHECK_THAT(problems_of(two_nodes().says("y", {1, 8, 64})), Contains("and the file says 1x8x64"));
  // What follows from a contradicted value is not told again.
  const std::string cause = problems_of(two_nodes().says("y", {1, 8, 9, 9}).says("z", {1, 8, 9, 9}));
  CHECK_THAT(cause, Contains("node 'y'") && !Contains("node 'z'"));
  ModelBuilder output = small_model();
  output.model.mutable_graph()->clear_output();
  *output.model.mutable_graph()->add_output() = two_nodes().says("y", {1, 8, 9, 9}).model.graph().value_info(0);
  CHECK_THAT(problems_of(output), Contains("and the file says 1x8x9x9"));
}

TEST_CASE(
    "Sizes that were given to dynamic dimensions, and a batch of which one image is computed, contradict nothing") {
  const auto model = [](const Sides& input, const Sides& said) {
    ModelBuilder b;
    b.input("x", input).filled("w", {8, 3, 3, 3}).node("Conv", {"x", "w"}, {"y"}).output("y").says("y", said);
    return b;
  };
  CHECK(problems_of(model({0, 3, 8, 8}, {4, 8, 6, 6}), {{"N", 1}}) == "");
  CHECK_THAT(problems_of(model({0, 3, 8, 8}, {4, 8, 36}), {{"N", 1}}), Contains("makes 'y' of 1x8x6x6"));
  CHECK(problems_of(model({4, 3, 8, 8}, {4, 8, 6, 6})) == "");
  CHECK_THAT(problems_of(model({4, 3, 8, 8}, {1, 8, 6, 6})), Contains("makes 'y' of 4x8x6x6"));
}

TEST_CASE("Scales of weights that are zero or negative are followed, others are refused") {
  const auto model = [](const std::vector<float>& scales) {
    ModelBuilder b;
    onnx::TensorProto& integers = b.constant("w", {2, 2, 1, 1}, 3);
    for (const int value : {1, -2, 3, 4}) integers.add_int32_data(value);
    b.input("x", {1, 2, 4, 4}).floats("s", {2}, scales).node("DequantizeLinear", {"w", "s"}, {"r"}).with("axis", 0);
    b.node("Conv", {"x", "r"}, {"y"}).output("y");
    return b;
  };
  const TemporaryFolder folder;
  const Expected<Graph> graph = read_graph(model({0, -0.5F}).write(folder.path, "m.onnx"), {});
  REQUIRE(graph);
  const Value& weights = graph->values[static_cast<std::size_t>(graph->nodes.back().inputs[1])];
  REQUIRE(weights.constant);
  CHECK(reals(*weights.constant) == std::vector<double>{0, 0, -1.5, -2});
  CHECK(problems_of(model({0, -0.5F})) == "");
  CHECK_THAT(problems_of(model({1, std::numeric_limits<float>::quiet_NaN()})),
             Contains("(Conv): reads 'r', which holds 2 values that are no numbers"));
  CHECK_THAT(problems_of(model({1, std::numeric_limits<float>::infinity()})),
             Contains("layer 'y'.weight: holds 2 values that are infinite or no numbers"));
}

TEST_CASE("Factors of one product are of one type") {
  for (const char* op : {"Conv", "ConvTranspose", "MatMul", "Gemm"}) {
    CAPTURE(op);
    ModelBuilder model;
    const bool matrices = std::string(op) == "MatMul" || std::string(op) == "Gemm";
    model.input("x", matrices ? Sides{8, 8} : Sides{1, 8, 8, 8});
    onnx::TensorProto& weights = model.constant("w", matrices ? Sides{8, 8} : Sides{8, 8, 1, 1}, 11);
    for (int i = 0; i < 64; ++i) weights.add_double_data(i);
    model.node(op, {"x", "w"}, {"y"}).output("y");
    CHECK_THAT(problems_of(model), Contains("multiplies float by double; factors of one type"));
  }
}

TEST_CASE("Parameters that are no numbers are refused where they stand") {
  const float none = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  const auto problems = [](const ModelBuilder& model) {
    const TemporaryFolder folder;
    const Expected<Graph> graph = read_graph(model.write(folder.path, "m.onnx"), {});
    return graph ? "" : describe(graph.failure());
  };
  for (const float value : {none, infinite})
    for (const char* op : {"LeakyRelu", "Elu"}) {
      ModelBuilder model;
      model.input("x", {1, 3, 8, 8}).node(op, {"x"}, {"y"}).with("alpha", value).output("y");
      CHECK_THAT(problems(model), Contains("alpha: is infinite or no number; finite numbers"));
    }
  for (const char* op : {"Clip", "Pow", "Max", "Add", "PRelu"}) {
    ModelBuilder model;
    model.input("x", {1, 3, 8, 8}).floats("c", {}, {none}).node(op, {"x", "c"}, {"y"}).output("y");
    CHECK_THAT(problems(model), Contains("reads 'c', which holds 1 values that are no numbers; numbers"));
  }
  ModelBuilder open;  // no limit, and what masks
  open.input("x", {1, 3, 8, 8}).floats("c", {}, {-infinite}).node("Clip", {"x", "c"}, {"y"}).output("y");
  CHECK(problems(open) == "");
  for (const float step : {0.0F, -0.1F, none, infinite}) {
    ModelBuilder model;
    model.input("x", {1, 3, 8, 8}).floats("s", {}, {step}).constant("z", {}, 3).add_int32_data(0);
    model.node("QuantizeLinear", {"x", "s", "z"}, {"q"}).node("DequantizeLinear", {"q", "s", "z"}, {"y"}).output("y");
    CHECK(problems(model) != "");
  }
}

TEST_CASE("Element types: raw bytes and typed fields hold the same numbers") {
  const std::vector<double> values{1, 0, 3};
  for (const int type : {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16}) {
    const DataType known = *find_type(type);
    const std::vector<double> expected = known == DataType::boolean ? std::vector<double>{1, 0, 1} : values;
    const Tensor packed = make_tensor(known, {3}, values);
    for (const bool raw : {true, false}) {
      ModelBuilder model = small_model();
      onnx::TensorProto& tensor = model.constant("c", {3}, type);
      for (const std::int64_t i : {0, 1, 2}) {
        const double v = expected[static_cast<std::size_t>(i)];
        if (raw) break;
        if (known == DataType::f32)
          tensor.add_float_data(static_cast<float>(v));
        else if (known == DataType::f64)
          tensor.add_double_data(v);
        else if (known == DataType::i64)
          tensor.add_int64_data(static_cast<std::int64_t>(v));
        else if (known == DataType::u32 || known == DataType::u64)
          tensor.add_uint64_data(static_cast<std::uint64_t>(v));
        else if (known == DataType::f16)
          tensor.add_int32_data(to_f16(v));
        else if (known == DataType::bf16)
          tensor.add_int32_data(to_bf16(v));
        else
          tensor.add_int32_data(static_cast<int>(v));
      }
      if (raw) tensor.set_raw_data(*packed.bytes);
      const TemporaryFolder folder;
      const Expected<Graph> graph = read_onnx(model.write(folder.path, "m.onnx"), {});
      REQUIRE(graph);
      const auto value =
          std::find_if(graph->values.begin(), graph->values.end(), [](const Value& v) { return v.name == "c"; });
      CHECK(reals(*value->constant) == expected);
    }
  }
}

TEST_CASE("Half precision: what 16 bits hold comes back, what they do not is rounded to even") {
  for (int bits = 0; bits < 0x7c00; ++bits) REQUIRE(to_f16(from_f16(static_cast<std::uint16_t>(bits))) == bits);
  CHECK(to_f16(1 + 1.0 / 2048) == to_f16(1));  // half way to the next
  CHECK(to_f16(1 + 3.0 / 2048) == to_f16(1 + 2.0 / 1024));
  CHECK(to_f16(65520) == 0x7c00);
  CHECK(from_bf16(to_bf16(3.140625)) == 3.140625F);
}

TEST_CASE("A dynamic dimension is asked for by name, input and flag") {
  ModelBuilder model(17);
  model.input("x", {0, 3, 8, 8}, "batch").filled("w", {8, 3, 3, 3}).node("Conv", {"x", "w"}, {"y"}).output("y");
  CHECK_THAT(problems_of(model), Contains("input 'x': dimension 0 is 'batch'") && Contains("give --dim batch=1"));
  CHECK(problems_of(model, {{"batch", 1}}) == "");
  CHECK_THAT(problems_of(model, {{"batch", 1}, {"bacth", 1}}),
             Contains("no input has a dynamic dimension 'bacth'; did you mean 'batch'?"));
  ModelBuilder unnamed(17);
  unnamed.input("x", {0, 3, 8, 8}, "").filled("w", {8, 3, 3, 3}).node("Conv", {"x", "w"}, {"y"}).output("y");
  CHECK_THAT(problems_of(unnamed), Contains("give --dim x[0]=1"));
  CHECK(problems_of(unnamed, {{"x[0]", 1}}) == "");
}

TEST_CASE("Compressed or not, the same network; compressed data that ends early is told") {
  const TemporaryFolder folder;
  const std::string bytes = small_model().model.SerializeAsString(), path = folder.path + "/m.onnx.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  const Expected<Imported> imported = import_onnx(path, {});
  REQUIRE(imported);
  CHECK(imported->network.name == "m");
  CHECK(imported->macs.conv == 8 * 8 * 8 * 27);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 9);
  const Expected<Imported> cut = import_onnx(path, {});
  REQUIRE_FALSE(cut);
  CHECK_THAT(describe(cut.failure()), Contains("the compressed data ends early"));
}

TEST_CASE("External data lies beside the model, and nowhere else") {
  const TemporaryFolder folder;
  const auto with_location = [&](const std::string& location, const char* length) {
    ModelBuilder model(17);
    model.input("x", {1, 2}).node("Gemm", {"x", "w"}, {"y"}).output("y");
    onnx::TensorProto& w = model.constant("w", {2, 2}, 1);
    w.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] :
         {std::pair<std::string, std::string>{"location", location}, {"offset", "4"}, {"length", length}}) {
      w.add_external_data()->set_key(key);
      w.mutable_external_data(w.external_data_size() - 1)->set_value(value);
    }
    const Expected<Imported> imported = import_onnx(model.write(folder.path, "model.onnx"), {});
    return imported ? std::string("read") : describe(imported.failure());
  };
  const float data[5] = {9, 1, 2, 3, 4};
  std::ofstream(folder.path + "/w.bin", std::ios::binary).write(reinterpret_cast<const char*>(data), sizeof data);
  CHECK(with_location("w.bin", "16") == "read");
  CHECK_THAT(with_location("w.bin", "12"), Contains("initializer 'w': has 12 bytes of external data"));
  CHECK_THAT(with_location("../w.bin", "16"), Contains("leads out of the folder"));
  CHECK_THAT(with_location("/etc/passwd", "16"), Contains("the relative path of a file in the folder of the model"));
  CHECK_THAT(with_location("none.bin", "16"), Contains("external data 'none.bin' cannot be read"));
  CHECK_THAT(with_location("w.bin", "-16"), Contains("external_data.length is '-16'"));
  std::filesystem::create_symlink("/etc/hostname", folder.path + "/link.bin");
  CHECK_THAT(with_location("link.bin", "16"), Contains("leads out of the folder"));
  std::filesystem::resize_file(folder.path + "/w.bin", 19);
  CHECK_THAT(with_location("w.bin", "16"), Contains("takes bytes 4 to 20 of 'w.bin', which has 19"));
}

TEST_CASE("Broken graphs are told by the node") {
  ModelBuilder cyclic = small_model();
  cyclic.node("Add", {"y", "b"}, {"a"}).node("Relu", {"a"}, {"b"});
  CHECK_THAT(problems_of(cyclic), Contains("graph: has a cycle:") && Contains("a -> b"));
  ModelBuilder doubled = small_model();
  doubled.node("Relu", {"x"}, {"y"});
  CHECK_THAT(problems_of(doubled), Contains("node 'y_2' (Relu): makes 'y', which something else makes too"));
  ModelBuilder dangling = small_model();
  dangling.node("Relu", {"nothing"}, {"z"});
  CHECK_THAT(problems_of(dangling), Contains("'nothing' is read and nothing makes it"));
  ModelBuilder idle = small_model();
  idle.node("Relu", {"y"}, {"z"}).model.mutable_graph()->mutable_node(1)->clear_output();
  CHECK_THAT(problems_of(idle), Contains("node 'z' (Relu): makes nothing; an output"));
  ModelBuilder empty(17);
  CHECK_THAT(problems_of(empty), Contains("has no output") && Contains("has no node that computes"));
}

TEST_CASE("Wrong attributes, sizes and types are told by node and attribute") {
  ModelBuilder pads = small_model();
  pads.with("strides", Sides{0, 1});
  CHECK_THAT(problems_of(pads), Contains("node 'y' (Conv).strides: is [0, 1]; 2 numbers from 1"));
  ModelBuilder kind = small_model();
  kind.with("group", "one");
  CHECK_THAT(problems_of(kind), Contains("node 'y' (Conv).group: is no whole number"));
  ModelBuilder huge = small_model();
  huge.integers("s", {1 << 30, 1 << 30}).node("Expand", {"y", "s"}, {"z"});
  CHECK_THAT(problems_of(huge), Contains("node 'z' (Expand).shape"));
  ModelBuilder absurd = small_model();
  absurd.constant("c", {std::int64_t{1} << 40, std::int64_t{1} << 40}, 1);
  CHECK_THAT(problems_of(absurd), Contains("initializer 'c': has the shape 1099511627776x1099511627776"));
  ModelBuilder text = small_model();
  text.constant("c", {1}, 8);
  CHECK_THAT(problems_of(text), Contains("initializer 'c': has elements of string"));
  ModelBuilder shorter = small_model();
  shorter.constant("c", {4}, 1).add_float_data(1);
  CHECK_THAT(problems_of(shorter), Contains("initializer 'c': has 1 elements; 4 for 4 of float"));
}

TEST_CASE("Every node that no layer expresses is named in one pass") {
  ModelBuilder model = small_model();
  model.node("Hardmax", {"y"}, {"s"}).node("Conv", {"s", "d"}, {"t"}).with("group", 8).filled("d", {8, 1, 3, 3});
  model.node("Strange", {"t"}, {"u"}).node("ReduceProd", {"u"}, {"v"}).output("v");
  const std::string problems = problems_of(model);
  CHECK_THAT(problems, Contains("node 's' (Hardmax): the operator Hardmax has no layer"));
  CHECK_THAT(problems, Contains("node 'u' (Strange)") && Contains("node 'v' (ReduceProd)"));
  CHECK_THAT(problems,
             Contains("--host Hardmax=TIME, or Abs, ") && Contains("--host Strange=TIME, or those listed above"));
}
