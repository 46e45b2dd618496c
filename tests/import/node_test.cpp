// Do the operators compute what ONNX says? Judged by the node tests of onnx itself (Debian: libonnx-testdata): a file
// of one node each, with inputs and outputs. Twice: by the plain-loop arithmetic that folds constants, within onnx's
// own tolerance, and by the layers, in float32 and, within what int8 leaves, in int8. What does not pass is listed with
// its reason, and the lists are exact: a listed test that passes fails here too.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "sim/import/infer.h"
#include "sim/import/onnx_tensor.h"
#include "sim/import/operators/operator.h"
#include "sim/import/opset.h"
#include "tests/import/layer_values.h"
#include "tests/import/temporary_folder.h"

using namespace tessera;
using namespace tessera::import;
using namespace tessera::import::test;

namespace {
namespace fs = std::filesystem;

const char* const data_folder = "/usr/share/libonnx-testdata/data/node";

struct NodeTest {
  std::string name;
  onnx::ModelProto model;
  std::vector<std::optional<Tensor>> inputs, outputs;  // nullopt: no tensor of numbers
};

std::optional<Tensor> read_value(const std::string& path) {
  onnx::TensorProto proto;
  std::ifstream file(path, std::ios::binary);
  if (!proto.ParseFromIstream(&file)) return std::nullopt;
  Expected<Tensor> tensor = take_tensor(proto, ".", path, "value");
  return tensor ? std::optional(std::move(*tensor)) : std::nullopt;
}

NodeTest read_test(const fs::path& folder) {
  NodeTest test;
  test.name = folder.filename();
  std::ifstream file(folder / "model.onnx", std::ios::binary);
  REQUIRE(test.model.ParseFromIstream(&file));
  const std::string data = (folder / "test_data_set_0").string();
  for (int i = 0; i < test.model.graph().input_size(); ++i)
    test.inputs.push_back(read_value(data + "/input_" + std::to_string(i) + ".pb"));
  for (int i = 0; i < test.model.graph().output_size(); ++i)
    test.outputs.push_back(read_value(data + "/output_" + std::to_string(i) + ".pb"));
  return test;
}

// A table that changes nothing in front of the first input: the layer that what only moves elements needs.
void put_layer_in_front(NodeTest& test) {
  onnx::GraphProto& graph = *test.model.mutable_graph();
  const std::string name = graph.input(0).name();
  for (onnx::NodeProto& node : *graph.mutable_node())
    for (std::string& input : *node.mutable_input())
      if (input == name) input = "in front";
  const auto rest = graph.node();
  graph.clear_node();
  onnx::NodeProto& front = *graph.add_node();
  front.set_op_type("Clip");
  front.add_input(name);
  front.add_output("in front");
  for (const onnx::NodeProto& node : rest) *graph.add_node() = node;
}

// Inputs become constants; those in `open` stay.
void fix_inputs(NodeTest& test, const std::set<int>& open) {
  onnx::GraphProto& graph = *test.model.mutable_graph();
  const onnx::GraphProto before = graph;
  graph.clear_input();
  for (int i = 0; i < before.input_size(); ++i) {
    const std::optional<Tensor>& value = test.inputs[static_cast<std::size_t>(i)];
    if (open.count(i) != 0 || !value) {
      *graph.add_input() = before.input(i);
      continue;
    }
    onnx::TensorProto proto;
    std::ifstream file(
        std::string(data_folder) + "/" + test.name + "/test_data_set_0/input_" + std::to_string(i) + ".pb",
        std::ios::binary);
    proto.ParseFromIstream(&file);
    proto.set_name(before.input(i).name());
    *graph.add_initializer() = proto;
  }
}

std::string write(const NodeTest& test, const TemporaryFolder& folder) {
  const std::string path = folder.path + "/m.onnx";
  std::ofstream(path, std::ios::binary) << test.model.SerializeAsString();
  return path;
}

bool close(const Tensor& got, const Tensor& want) {
  if (got.shape != want.shape || got.type != want.type) return false;
  const std::vector<double> a = reals(got), b = reals(want);
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::isnan(a[i]) && std::isnan(b[i])) && a[i] != b[i] &&
        !(std::fabs(a[i] - b[i]) <= 1e-7 + 1e-3 * std::fabs(b[i])))
      return false;
  return true;
}

// The arithmetic that folds constants, all outputs.
bool folds(NodeTest test) {
  fix_inputs(test, {});
  const TemporaryFolder folder;
  Expected<Graph> graph = read_onnx(write(test, folder), {});
  if (!graph) return false;
  upgrade(*graph);
  if (!import::infer(*graph).empty()) return false;
  for (std::size_t i = 0; i < test.outputs.size(); ++i) {
    const Value& out = graph->values[static_cast<std::size_t>(graph->outputs[i])];
    if (!test.outputs[i] || !out.constant || !close(*out.constant, *test.outputs[i])) return false;
  }
  return true;
}

bool is_float(const std::optional<Tensor>& t) { return t && t->type == DataType::f32 && t->elements() > 0; }

// Whether a network could compute it: of float tensors, the first of which has elements to move.
bool is_for_layers(const NodeTest& test) {
  return !test.inputs.empty() && is_float(test.inputs[0]) && is_float(test.outputs[0]);
}

// The layers in float32 and int8; weights, shapes and parameters are constants, and so are the other inputs where that
// fails.
bool computes(const NodeTest& test) {
  std::set<int> floats;
  for (std::size_t i = 0; i < test.inputs.size(); ++i)
    if (is_float(test.inputs[i])) floats.insert(static_cast<int>(i));
  for (const std::set<int>& open : {floats, std::set<int>{0}}) {
    NodeTest fixed = test;
    fix_inputs(fixed, open);
    put_layer_in_front(fixed);
    const TemporaryFolder folder;
    Expected<Imported> imported = import_onnx(write(fixed, folder), {});
    if (!imported || imported->outputs.empty()) continue;
    std::vector<std::vector<double>> values;
    for (const int i : open) values.push_back(reals(*test.inputs[static_cast<std::size_t>(i)]));
    constexpr double int8_error = 0.1, float_error = 2e-3;  // positions of resized maps are rounded
    LayerValues layers(std::move(*imported));
    const std::vector<double> want = reals(*test.outputs[0]);
    if (layers.float_error(values, want) < float_error && layers.error(values, want) < int8_error) return true;
  }
  return false;
}

// Lines of a name, a space and a reason.
std::set<std::string> listed(const std::string& file) {
  std::ifstream in(file);
  REQUIRE(in);
  std::set<std::string> names;
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#') {
      const std::size_t space = line.find(' ');
      REQUIRE(space != std::string::npos);  // every line has a reason
      names.insert(line.substr(0, space));
    }
  return names;
}

// Operators, or names of tests, of a list.
bool is_listed(const std::set<std::string>& list, const NodeTest& test) {
  if (list.count(test.name) != 0) return true;
  const auto& nodes = test.model.graph().node();
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const onnx::NodeProto& n) { return list.count(n.op_type()) != 0; });
}

template <class Passes>
void judge(const std::string& list_file, int least, Passes passes) {
  const std::set<std::string> list = listed(list_file);
  std::set<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(data_folder)) folders.insert(entry.path());
  int passed = 0;
  std::string wrong;
  for (const fs::path& folder : folders) {
    const NodeTest test = read_test(folder);
    const std::optional<bool> good = passes(test);
    if (!good) continue;
    passed += *good ? 1 : 0;
    const bool known = is_listed(list, test);
    if (*good && known) wrong += test.name + " passes, and is listed\n";
    if (!*good && !known) wrong += test.name + " fails (" + test.model.graph().node(0).op_type() + ")\n";
  }
  CHECK(wrong == "");
  CHECK(passed >= least);
}

}  // namespace

TEST_CASE("Node tests of onnx: constants are folded as onnx says") {
  judge("tests/import/node_tests_folded.txt", 600, [](const NodeTest& test) { return std::optional(folds(test)); });
}

TEST_CASE("Node tests of onnx: layers compute what onnx says, in float32 and in int8") {
  judge("tests/import/node_tests_layers.txt", 150, [](const NodeTest& test) -> std::optional<bool> {
    return is_for_layers(test) ? std::optional(computes(test)) : std::nullopt;
  });
}
