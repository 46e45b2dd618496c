#include "sim/import/function_calls.h"

#include <fmt/format.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <map>

namespace tessera::import {
namespace {

constexpr int most_depth = 64;
// Of all calls together, since bodies may call each other twice each: nodes and calls, and bytes of the nodes with
// their names, which grow with every call around them.
constexpr std::size_t most_nodes = 200'000, most_bytes = std::size_t{256} << 20;

using Attributes = std::map<std::string, onnx::AttributeProto>;

// Defaults of attributes (attribute_proto, field 11 of FunctionProto), which libonnx before 1.13 does not know.
Attributes defaults_of(const onnx::FunctionProto& function) {
  constexpr int attribute_proto = 11;
  Attributes defaults;
  const auto& fields = function.GetReflection()->GetUnknownFields(function);
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    onnx::AttributeProto attribute;
    if (field.number() == attribute_proto && field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED &&
        attribute.ParseFromString(field.length_delimited()))
      defaults[attribute.name()] = attribute;
  }
  return defaults;
}

// One call: what the names of the body are outside, and the values of its attributes.
struct Scope {
  std::string prefix;
  std::map<std::string, std::string> names;
  Attributes attributes;

  std::string outside(const std::string& name) const {
    const auto it = names.find(name);
    return name.empty() ? "" : it == names.end() ? prefix + name : it->second;
  }
};

void rename(onnx::GraphProto& graph, const Scope& scope);

// A node of the body as it stands outside. Attributes that refer to one that nobody gives are left out.
void rename(onnx::NodeProto& node, const Scope& scope) {
  for (std::string& name : *node.mutable_input()) name = scope.outside(name);
  for (std::string& name : *node.mutable_output()) name = scope.outside(name);
  node.set_name(scope.prefix + (node.name().empty() ? node.op_type() : node.name()));
  google::protobuf::RepeatedPtrField<onnx::AttributeProto> attributes;
  attributes.Swap(node.mutable_attribute());
  for (onnx::AttributeProto& given : attributes) {
    if (given.ref_attr_name().empty()) {
      if (given.has_g()) rename(*given.mutable_g(), scope);
      *node.add_attribute() = std::move(given);
    } else if (const auto it = scope.attributes.find(given.ref_attr_name()); it != scope.attributes.end()) {
      onnx::AttributeProto& attribute = *node.add_attribute();
      attribute = it->second;
      attribute.set_name(given.name());
    }
  }
}

void rename(onnx::GraphProto& graph, const Scope& scope) {
  for (auto* list : {graph.mutable_input(), graph.mutable_output()})
    for (onnx::ValueInfoProto& info : *list) info.set_name(scope.outside(info.name()));
  for (onnx::TensorProto& tensor : *graph.mutable_initializer()) tensor.set_name(scope.outside(tensor.name()));
  for (onnx::NodeProto& node : *graph.mutable_node()) rename(node, scope);
}

class Inliner {
 public:
  Inliner(onnx::ModelProto& model, const std::string& file) : model_(model), file_(file) {}

  std::vector<Problem> run() {
    for (const onnx::FunctionProto& function : model_.functions()) {
      const std::string name = name_of(function.domain(), function.name());
      if (!functions_.emplace(name, &function).second)
        report(fmt::format("function '{}'", name), "is defined twice", "each function once");
    }
    if (!functions_.empty() && problems_.empty()) inline_into(*model_.mutable_graph(), 0);
    return std::move(problems_);
  }

 private:
  void report(const std::string& path, std::string what, std::string legal) {
    problems_.push_back({file_, path, std::move(what), std::move(legal)});
  }
  static std::string name_of(const std::string& domain, const std::string& name) {
    return domain.empty() || domain == "ai.onnx" ? name : domain + "." + name;
  }
  static std::int64_t opset_of(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>& imports) {
    for (const auto& import : imports)
      if (import.domain().empty() || import.domain() == "ai.onnx") return import.version();
    return 0;
  }

  void inline_into(onnx::GraphProto& graph, int depth) {
    google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
    nodes.Swap(graph.mutable_node());
    for (onnx::NodeProto& node : nodes) put(std::move(node), graph, depth);
  }

  void put(onnx::NodeProto&& node, onnx::GraphProto& graph, int depth) {
    if (!may_grow(node, depth > 0)) return;
    const auto function = functions_.find(name_of(node.domain(), node.op_type()));
    if (function != functions_.end()) return call(node, *function->second, graph, depth);
    for (onnx::AttributeProto& attribute : *node.mutable_attribute())
      if (attribute.has_g()) inline_into(*attribute.mutable_g(), depth);
    *graph.add_node() = std::move(node);
  }

  // Counts a node. Bytes of bodies alone: what stands in the graph is in memory already.
  bool may_grow(const onnx::NodeProto& node, bool of_body) {
    if (of_body) bytes_ += node.ByteSizeLong();
    if (problems_.empty() && (++count_ > most_nodes || bytes_ > most_bytes))
      report("functions", fmt::format("make more than {} nodes and calls, or {} bytes of them", most_nodes, most_bytes),
             "bodies that call each other less often");
    return problems_.empty();
  }

  bool may_be_called(const onnx::FunctionProto& function, int depth) {
    const std::string path = fmt::format("function '{}'", name_of(function.domain(), function.name()));
    const std::int64_t own = opset_of(function.opset_import()), files = opset_of(model_.opset_import());
    if (depth == most_depth)
      report(path, fmt::format("is called through {} others, or by itself", most_depth), "functions that end");
    else if (own != 0 && own != files)
      report(path, fmt::format("is of operator set {}", own), fmt::format("{}, as the graph is", files));
    return problems_.empty();
  }

  void call(const onnx::NodeProto& node, const onnx::FunctionProto& function, onnx::GraphProto& graph, int depth) {
    if (!may_be_called(function, depth)) return;
    Scope scope;
    const std::string own = !node.name().empty() ? node.name() : node.output_size() > 0 ? node.output(0) : "unnamed";
    scope.prefix = fmt::format("{}/{}/", own, ++calls_);
    scope.attributes = defaults_of(function);
    for (const onnx::AttributeProto& attribute : node.attribute()) scope.attributes[attribute.name()] = attribute;
    for (int i = 0; i < function.input_size(); ++i)
      scope.names[function.input(i)] = i < node.input_size() ? node.input(i) : "";
    std::vector<onnx::NodeProto> copies;  // of inputs that are results as they are
    for (int i = 0; i < function.output_size() && i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      const auto [it, fresh] = scope.names.emplace(function.output(i), node.output(i));
      if (fresh) continue;
      onnx::NodeProto& copy = copies.emplace_back();
      copy.set_op_type("Identity");
      copy.set_name(scope.prefix + "Identity");
      copy.add_input(it->second);
      copy.add_output(node.output(i));
    }
    for (onnx::NodeProto body : function.node()) {
      rename(body, scope);
      put(std::move(body), graph, depth + 1);
    }
    for (onnx::NodeProto& copy : copies) put(std::move(copy), graph, depth + 1);
  }

  onnx::ModelProto& model_;
  const std::string& file_;
  std::map<std::string, const onnx::FunctionProto*> functions_;
  std::size_t count_ = 0, calls_ = 0, bytes_ = 0;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> inline_functions(onnx::ModelProto& model, const std::string& file) {
  return Inliner(model, file).run();
}

}  // namespace tessera::import
