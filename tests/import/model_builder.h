// Small ONNX models, written as the protobuf messages that a file holds.
#pragma once
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "sim/import/proto.h"

namespace tessera::import::test {

using Sides = std::vector<std::int64_t>;

class ModelBuilder {
 public:
  explicit ModelBuilder(int opset = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
    model.mutable_graph()->set_name("test");
  }

  // A side of 0 is the dynamic dimension `open`.
  ModelBuilder& input(const std::string& name, const Sides& shape, const std::string& open = "N", int type = 1) {
    return describe(*model.mutable_graph()->add_input(), name, shape, open, type);
  }
  ModelBuilder& output(const std::string& name) {
    model.mutable_graph()->add_output()->set_name(name);
    return *this;
  }
  // The shape that the file says of a value beside the node that makes it.
  ModelBuilder& says(const std::string& name, const Sides& shape) {
    return describe(*model.mutable_graph()->add_value_info(), name, shape, "any", 1);
  }
  ModelBuilder& floats(const std::string& name, const Sides& shape, const std::vector<float>& values) {
    onnx::TensorProto& tensor = constant(name, shape, 1);
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return *this;
  }
  ModelBuilder& integers(const std::string& name, const Sides& values) {
    onnx::TensorProto& tensor = constant(name, {static_cast<std::int64_t>(values.size())}, 7);
    for (const std::int64_t v : values) tensor.add_int64_data(v);
    return *this;
  }
  // A constant of `count` floats that repeat 1, -2, 3.
  ModelBuilder& filled(const std::string& name, const Sides& shape) {
    std::size_t count = 1;
    for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(std::vector<int>{1, -2, 3}[i % 3]);
    return floats(name, shape, values);
  }
  onnx::TensorProto& constant(const std::string& name, const Sides& shape, int type) {
    onnx::TensorProto& tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t side : shape) tensor.add_dims(side);
    return tensor;
  }
  // Named after its first output.
  ModelBuilder& node(const std::string& op, const std::vector<std::string>& inputs,
                     const std::vector<std::string>& outputs) {
    onnx::NodeProto& node = *model.mutable_graph()->add_node();
    node.set_op_type(op);
    node.set_name(outputs[0]);
    for (const std::string& name : inputs) node.add_input(name);
    for (const std::string& name : outputs) node.add_output(name);
    return *this;
  }
  // Attributes of the last node.
  ModelBuilder& with(const std::string& name, const Sides& values) {
    onnx::AttributeProto& attribute = add_attribute(name, onnx::AttributeProto::INTS);
    for (const std::int64_t v : values) attribute.add_ints(v);
    return *this;
  }
  ModelBuilder& with(const std::string& name, int value) {
    add_attribute(name, onnx::AttributeProto::INT).set_i(value);
    return *this;
  }
  ModelBuilder& with(const std::string& name, float value) {
    add_attribute(name, onnx::AttributeProto::FLOAT).set_f(value);
    return *this;
  }
  ModelBuilder& with(const std::string& name, const std::string& value) {
    add_attribute(name, onnx::AttributeProto::STRING).set_s(value);
    return *this;
  }

  std::string write(const std::string& folder, const std::string& file) const {
    const std::string path = folder + "/" + file;
    std::ofstream(path, std::ios::binary) << model.SerializeAsString();
    return path;
  }

  onnx::ModelProto model;

 private:
  ModelBuilder& describe(onnx::ValueInfoProto& value, const std::string& name, const Sides& shape,
                         const std::string& open, int type) {
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape();
    for (const std::int64_t side : shape) {
      auto& dim = *tensor.mutable_shape()->add_dim();
      if (side > 0)
        dim.set_dim_value(side);
      else
        dim.set_dim_param(open);
    }
    return *this;
  }
  onnx::AttributeProto& add_attribute(const std::string& name, onnx::AttributeProto::AttributeType type) {
    onnx::GraphProto& graph = *model.mutable_graph();
    onnx::AttributeProto& attribute = *graph.mutable_node(graph.node_size() - 1)->add_attribute();
    attribute.set_name(name);
    attribute.set_type(type);
    return attribute;
  }
};

}  // namespace tessera::import::test
