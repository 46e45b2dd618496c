#include "sim/import/onnx_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "sim/import/function_calls.h"
#include "sim/import/infer.h"
#include "sim/import/onnx_file.h"
#include "sim/import/onnx_tensor.h"

namespace tessera::import {
namespace {

constexpr const char* first_dimension = "[0]";  // key of DimensionSizes

class GraphReader {
 public:
  GraphReader(onnx::ModelProto model, const std::string& path, const DimensionSizes& sizes)
      : model_(std::move(model)), sizes_(sizes), folder_(std::filesystem::path(path).parent_path().string()) {
    graph_.file = path;
    graph_.name = std::filesystem::path(path).filename().string();
    for (const char* end : {".gz", ".onnx"})
      if (const auto at = graph_.name.rfind(end);
          at != std::string::npos && at > 0 && at + std::strlen(end) == graph_.name.size())
        graph_.name.resize(at);
    if (folder_.empty()) folder_ = ".";
  }

  Expected<Graph> read() {
    problems_ = inline_functions(model_, graph_.file);
    if (!problems_.empty()) return Failure{ExitCode::bad_input, std::move(problems_)};
    read_opset();
    read_initializers(*model_.mutable_graph());
    read_inputs();
    refuse_unused_sizes();
    read_nodes(*model_.mutable_graph(), false);
    read_outputs();
    for (const auto* list : {&model_.graph().value_info(), &model_.graph().output()})
      for (const auto& info : *list) read_declared(info);
    for (const std::string& name : undefined_)
      report("graph", fmt::format("'{}' is read and nothing makes it", name), "an input, an initializer or an output");
    if (problems_.empty())
      if (std::optional<Problem> cycle = sort_nodes(graph_)) problems_.push_back(std::move(*cycle));
    if (!problems_.empty()) return Failure{ExitCode::bad_input, std::move(problems_)};
    return std::move(graph_);
  }

 private:
  void report(const std::string& path, std::string what, std::string legal) {
    problems_.push_back({graph_.file, path, std::move(what), std::move(legal)});
  }
  void take_problems(const Failure& failure) {
    problems_.insert(problems_.end(), failure.problems.begin(), failure.problems.end());
  }

  void read_opset() {
    bool found = false;
    for (const auto& import : model_.opset_import()) {
      if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
      if (found) report("opset_import", "names the operator set of ONNX twice", "once");
      found = true;
      if (import.version() >= min_opset && import.version() <= max_opset)
        graph_.opset = static_cast<int>(import.version());
      else
        report("opset_import", fmt::format("is {}", import.version()), fmt::format("{} to {}", min_opset, max_opset));
    }
    if (!found) report("opset_import", "names no operator set of ONNX", fmt::format("{} to {}", min_opset, max_opset));
  }

  // The value of that name, made when it is new.
  ValueId value_of(const std::string& name) {
    const auto [known, fresh] = values_.emplace(name, static_cast<ValueId>(graph_.values.size()));
    if (fresh) {
      graph_.values.emplace_back();
      graph_.values.back().name = name;
      undefined_.insert(name);
    }
    return known->second;
  }

  // An optional output that is left out: a value without a name, which nothing reads.
  ValueId left_out() {
    graph_.values.emplace_back();
    return static_cast<ValueId>(graph_.values.size() - 1);
  }

  // The same for what makes the value: only one thing may.
  ValueId define(const std::string& name, const std::string& by) {
    const ValueId id = value_of(name);
    if (undefined_.erase(name) == 0)
      report(by, fmt::format("makes '{}', which something else makes too", name), "a name of its own for every value");
    return id;
  }

  void read_initializers(onnx::GraphProto& graph) {
    for (auto& proto : *graph.mutable_initializer()) {
      const std::string path = fmt::format("initializer '{}'", proto.name());
      Expected<Tensor> tensor = take_tensor(proto, folder_, graph_.file, path);
      const ValueId id = define(proto.name(), path);
      if (tensor)
        set_constant(id, std::move(*tensor));
      else
        take_problems(tensor.failure());
    }
    for (const auto& sparse : graph.sparse_initializer())
      report(fmt::format("sparse_initializer '{}'", sparse.values().name()), "is stored by its non-zeros",
             "a plain initializer: its zero blocks are found");
  }

  void set_constant(ValueId id, Tensor tensor) {
    Value& value = graph_.values[static_cast<std::size_t>(id)];
    value.known = true;
    value.type = tensor.type;
    value.shape = tensor.shape;
    value.constant = std::move(tensor);
  }

  void read_inputs() {
    for (const auto& input : model_.graph().input()) {
      const auto known = values_.find(input.name());
      const std::string path = fmt::format("input '{}'", input.name());
      if (known != values_.end() && graph_.values[static_cast<std::size_t>(known->second)].constant) {
        compare_default(input.type().tensor_type(), graph_.values[static_cast<std::size_t>(known->second)], path);
        continue;
      }
      const ValueId id = define(input.name(), path);
      graph_.inputs.push_back(id);
      read_type(input.type(), path, graph_.values[static_cast<std::size_t>(id)]);
    }
  }

  // An input whose initializer gives its value.
  void compare_default(const onnx::TypeProto::Tensor& declared, const Value& value, const std::string& path) {
    const auto type = find_type(declared.elem_type());
    Dims shape;
    for (const auto& dim : declared.shape().dim()) shape.push_back(dim.dim_value());
    bool same = (!type || *type == value.type) && (!declared.has_shape() || shape.size() == value.shape.size());
    for (std::size_t d = 0; same && declared.has_shape() && d < shape.size(); ++d)
      same = shape[d] < 1 || shape[d] == value.shape[d];
    if (!same)
      report(path, fmt::format("is {} of {}", onnx_type_name(declared.elem_type()), dims_text(shape)),
             fmt::format("{} of {}, as its initializer", type_name(value.type), dims_text(value.shape)));
  }

  void read_type(const onnx::TypeProto& proto, const std::string& path, Value& value) {
    if (!proto.has_tensor_type()) return report(path, "is no tensor", "a tensor of known type and shape");
    const auto type = find_type(proto.tensor_type().elem_type());
    if (!type) return report(path, "has elements of " + onnx_type_name(proto.tensor_type().elem_type()), "numbers");
    value.type = *type;
    if (!proto.tensor_type().has_shape()) return report(path, "has no shape", "a tensor of known rank");
    int axis = 0;
    bool known = true;
    for (const auto& dim : proto.tensor_type().shape().dim()) {
      const std::int64_t size = dimension(dim, value.name, axis++);
      known = known && size > 0;
      value.shape.push_back(size);
    }
    value.known = known && element_count(value.shape) > 0;
    if (known && !value.known) report(path, "has the shape " + dims_text(value.shape), "a smaller tensor");
  }

  std::int64_t dimension(const onnx::TensorShapeProto::Dimension& dim, const std::string& input, int axis) {
    if (dim.dim_value() > 0) return dim.dim_value();
    const std::string key = dim.dim_param().empty() ? fmt::format("{}[{}]", input, axis) : dim.dim_param();
    legal_sizes_.push_back(key);
    const auto given = sizes_.find(key);
    graph_.sizes_were_chosen = true;
    if (given != sizes_.end()) return given->second;
    if (const auto batch = sizes_.find(first_dimension); axis == 0 && batch != sizes_.end()) return batch->second;
    report(fmt::format("input '{}'", input),
           dim.dim_param().empty() ? fmt::format("dimension {} has no size", axis)
                                   : fmt::format("dimension {} is '{}', of any size", axis, key),
           fmt::format("which one? give --dim {}=1, or another size", key));
    return 0;
  }

  // Type and shape that the file gives a value which a node makes, where every side has a size.
  void read_declared(const onnx::ValueInfoProto& info) {
    const auto it = values_.find(info.name());
    const onnx::TypeProto::Tensor& tensor = info.type().tensor_type();
    const auto type = find_type(tensor.elem_type());
    if (it == values_.end() || !type || !tensor.has_shape()) return;
    Value& value = graph_.values[static_cast<std::size_t>(it->second)];
    if (value.known || value.constant) return;
    Declaration declaration{it->second, {}};
    for (const auto& dim : tensor.shape().dim())
      declaration.shape.push_back(std::max<std::int64_t>(dim.dim_value(), 0));
    graph_.declarations.push_back(std::move(declaration));
    Dims shape;
    for (const auto& dim : tensor.shape().dim()) {
      const auto given = sizes_.find(dim.dim_param());
      shape.push_back(given != sizes_.end() ? given->second : dim.dim_value());
    }
    if (std::any_of(shape.begin(), shape.end(), [](std::int64_t s) { return s < 1; }) || element_count(shape) < 1)
      return;
    value.type = *type;
    value.shape = shape;
    value.declared = true;
  }

  void refuse_unused_sizes() {
    for (const auto& [key, size] : sizes_) {
      if (key == first_dimension) continue;
      if (std::find(legal_sizes_.begin(), legal_sizes_.end(), key) != legal_sizes_.end()) continue;
      const std::string near = nearest_name(key, legal_sizes_);
      report("--dim", fmt::format("no input has a dynamic dimension '{}'", key),
             !near.empty()          ? fmt::format("did you mean '{}'?", near)
             : legal_sizes_.empty() ? "without it: every dimension has its size"
                                    : fmt::format("one of {}", fmt::join(legal_sizes_, ", ")));
    }
  }

  // Of a graph; `branch`: of an If, whose nodes may turn out to be wrong where the other one is taken.
  void read_nodes(onnx::GraphProto& graph, bool branch) {
    for (auto& proto : *graph.mutable_node()) {
      Node node;
      if (branch && proto.op_type() != "Constant") node.attributes[in_branch] = std::int64_t{1};
      node.op = proto.op_type();
      node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
      node.name = proto.name();
      if (node.name.empty() && proto.output_size() > 0) node.name = proto.output(0);
      if (node.name.empty()) node.name = "unnamed";
      const std::string wanted = node.name;
      for (int n = 2; !node_names_.insert(node.name).second; ++n) node.name = fmt::format("{}_{}", wanted, n);
      for (auto& attribute : *proto.mutable_attribute()) read_attribute(attribute, node);
      for (const std::string& name : proto.input()) node.inputs.push_back(name.empty() ? no_value : value_of(name));
      if (node.op == "If" && node.domain.empty()) read_branches(proto, node);
      for (const std::string& name : proto.output())
        node.outputs.push_back(name.empty() ? left_out() : define(name, node_path(node)));
      if (node.outputs.empty()) {
        report(node_path(node), "makes nothing", "an output");
        continue;
      }
      if (node.op == "Constant" && node.domain.empty())
        take_constant(node);
      else
        graph_.nodes.push_back(std::move(node));
    }
  }

  // The nodes of both branches stand beside the If, which reads the outputs of the first and then those of the second.
  void read_branches(onnx::NodeProto& proto, Node& node) {
    for (const char* name : {"then_branch", "else_branch"})
      for (auto& attribute : *proto.mutable_attribute()) {
        if (attribute.name() != name) continue;
        read_initializers(*attribute.mutable_g());
        read_nodes(*attribute.mutable_g(), true);
        for (const auto& output : attribute.g().output()) node.inputs.push_back(value_of(output.name()));
      }
  }

  void read_attribute(onnx::AttributeProto& proto, Node& node) {
    const std::string path = fmt::format("{}.{}", node_path(node), proto.name());
    const auto set = [&](Attribute attribute) {
      if (!node.attributes.emplace(proto.name(), std::move(attribute)).second)
        report(path, "is given twice", "each attribute once");
    };
    switch (proto.type()) {
      case onnx::AttributeProto::INT:
        return set(std::int64_t{proto.i()});
      case onnx::AttributeProto::FLOAT:
        return set(proto.f());
      case onnx::AttributeProto::STRING:
        return set(proto.s());
      case onnx::AttributeProto::INTS:
        return set(std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end()));
      case onnx::AttributeProto::FLOATS:
        return set(std::vector<float>(proto.floats().begin(), proto.floats().end()));
      case onnx::AttributeProto::STRINGS:
        return set(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
      case onnx::AttributeProto::TENSOR: {
        Expected<Tensor> tensor = take_tensor(*proto.mutable_t(), folder_, graph_.file, path);
        return tensor ? set(std::move(*tensor)) : take_problems(tensor.failure());
      }
      case onnx::AttributeProto::GRAPH:
      case onnx::AttributeProto::GRAPHS:
        return;  // of control flow: branches of an If are read, other nodes are refused by their operator
      default:
        report(path, fmt::format("is of the attribute kind {}", static_cast<int>(proto.type())),
               "numbers, texts, lists of them, or a tensor");
    }
  }

  void take_constant(Node& node) {
    if (node.attributes.size() != 1 || node.outputs.size() != 1)
      return report(node_path(node), fmt::format("has {} values", node.attributes.size()),
                    "one of the types of numbers");
    Attribute& value = node.attributes.begin()->second;
    if (auto* tensor = std::get_if<Tensor>(&value)) return set_constant(node.outputs[0], std::move(*tensor));
    if (const auto* i = std::get_if<std::int64_t>(&value))
      return set_constant(node.outputs[0], make_tensor(DataType::i64, {}, Dims{*i}));
    if (const auto* f = std::get_if<float>(&value))
      return set_constant(node.outputs[0], make_tensor(DataType::f32, {}, std::vector<double>{*f}));
    if (const auto* ints = std::get_if<Dims>(&value))
      return set_constant(node.outputs[0],
                          make_tensor(DataType::i64, {static_cast<std::int64_t>(ints->size())}, *ints));
    if (const auto* floats = std::get_if<std::vector<float>>(&value))
      return set_constant(node.outputs[0], make_tensor(DataType::f32, {static_cast<std::int64_t>(floats->size())},
                                                       std::vector<double>(floats->begin(), floats->end())));
    report(fmt::format("{}.{}", node_path(node), node.attributes.begin()->first), "is a text", "numbers");
  }

  void read_outputs() {
    for (const auto& output : model_.graph().output()) {
      const ValueId id = value_of(output.name());
      if (graph_.is_output(id))
        report(fmt::format("output '{}'", output.name()), "is named twice", "each output once");
      else
        graph_.outputs.push_back(id);
    }
    if (graph_.outputs.empty()) report("graph", "has no output", "at least one");
    if (graph_.nodes.empty()) report("graph", "has no node that computes", "at least one");
  }

  onnx::ModelProto model_;
  const DimensionSizes& sizes_;
  std::string folder_;
  Graph graph_;
  std::map<std::string, ValueId> values_;
  std::set<std::string> undefined_;  // read, and not made so far
  std::set<std::string> node_names_;
  std::vector<std::string> legal_sizes_;  // keys that --dim may have
  std::vector<Problem> problems_;
};

}  // namespace

Expected<Graph> read_onnx(const std::string& path, const DimensionSizes& sizes) {
  Expected<onnx::ModelProto> model = read_model(path);
  if (!model) return model.failure();
  return GraphReader(std::move(*model), path, sizes).read();
}

}  // namespace tessera::import
