#include "sim/import/pruned_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "sim/import/onnx_file.h"
#include "sim/import/onnx_tensor.h"

namespace tessera::import {
namespace {

class PrunedFile {
 public:
  PrunedFile(onnx::ModelProto model, std::string path) : model_(std::move(model)), path_(std::move(path)) {
    folder_ = std::filesystem::path(path_).parent_path().string();
    if (folder_.empty()) folder_ = ".";
    for (auto& tensor : *model_.mutable_graph()->mutable_initializer()) tensors_[tensor.name()] = &tensor;
    for (auto& node : *model_.mutable_graph()->mutable_node()) {
      const std::string name = node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
      nodes_.emplace(name, &node);
      for (const std::string& output : node.output()) makers_[output] = &node;
      for (const std::string& input : node.input()) ++readers_[input];
      if (node.op_type() == "Constant" && node.attribute_size() == 1 && node.attribute(0).has_t())
        tensors_[node.output(0)] = node.mutable_attribute(0)->mutable_t();
    }
  }

  void clear_blocks(const network::Layer& layer, const LayerWeights& weights, const sparsity::BlockMask& mask) {
    onnx::TensorProto* const tensor = find(weights.node);
    if (tensor == nullptr) return refuse(layer, "stand in no initializer");
    Expected<Tensor> read = take_tensor(*tensor, folder_, path_, tensor->name());
    if (!read) {
      problems_.insert(problems_.end(), read.failure().problems.begin(), read.failure().problems.end());
      return;
    }
    if (read->shape != weights.source.shape) return refuse(layer, "have another order in the file than in the network");
    store(*tensor, *read, cleared(*read, weights, mask));
  }

  std::optional<Failure> write(const std::string& to) {
    // Tensors that were not changed and stand beside the file come inside.
    for (auto& [name, tensor] : tensors_)
      if (tensor->data_location() == onnx::TensorProto::EXTERNAL) {
        const Expected<Tensor> read = take_tensor(*tensor, folder_, path_, name);
        if (read) store(*tensor, *read, *read->bytes);
      }
    if (!problems_.empty()) return Failure{ExitCode::bad_input, std::move(problems_)};
    const std::string bytes = model_.SerializeAsString();
    const bool packed = to.size() > 3 && to.compare(to.size() - 3, 3, ".gz") == 0;
    bool good = false;
    if (packed) {
      gzFile file = gzopen(to.c_str(), "wb9");
      good = file != nullptr &&
             gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) == static_cast<int>(bytes.size());
      good = file != nullptr && gzclose(file) == Z_OK && good;
    } else {
      std::ofstream out(to, std::ios::binary);
      out << bytes;
      out.close();
      good = static_cast<bool>(out);
    }
    if (good) return std::nullopt;
    return fail(ExitCode::bad_input, {to, "", "cannot be written", "a path in a folder that exists, with space left"});
  }

 private:
  void refuse(const network::Layer& layer, const char* what) {
    problems_.push_back({path_, fmt::format("weights of layer '{}'", layer.name), what,
                         "an initializer, plain or behind DequantizeLinear"});
  }

  // The tensor that holds the weights of a node; one that others read too becomes a copy of its own.
  onnx::TensorProto* find(const std::string& node_name) {
    const auto it = nodes_.find(node_name);
    if (it == nodes_.end()) return nullptr;
    onnx::NodeProto* node = it->second;
    const std::string op = node->op_type();
    int at = op.rfind("QLinear", 0) == 0 || op == "QGemm" ? 3 : 1;
    while (node->input_size() > at && tensors_.count(node->input(at)) == 0) {
      const auto maker = makers_.find(node->input(at));
      if (maker == makers_.end() ||
          (maker->second->op_type() != "DequantizeLinear" && maker->second->op_type() != "QuantizeLinear" &&
           maker->second->op_type() != "Identity"))
        return nullptr;
      node = own(*node, at, *maker->second);
      at = 0;
    }
    if (node->input_size() <= at) return nullptr;
    const std::string name = node->input(at);
    if (readers_[name] == 1) return tensors_[name];
    onnx::TensorProto* const copy = model_.mutable_graph()->add_initializer();
    *copy = *tensors_[name];
    copy->set_name(unused(name));
    --readers_[name];
    node->set_input(at, copy->name());
    readers_[copy->name()] = 1;
    return tensors_[copy->name()] = copy;
  }

  // The maker of input `at` of a node, for this node alone; it reads constants, so it may stand in front of all.
  onnx::NodeProto* own(onnx::NodeProto& node, int at, onnx::NodeProto& maker) {
    if (readers_[node.input(at)] == 1) return &maker;
    auto& nodes = *model_.mutable_graph()->mutable_node();
    onnx::NodeProto* const copy = nodes.Add();
    *copy = maker;
    for (int i = nodes.size() - 1; i > 0; --i) nodes.SwapElements(i, i - 1);
    copy->set_name(unused(maker.name().empty() ? maker.output(0) : maker.name()));
    copy->set_output(0, unused(maker.output(0)));
    --readers_[node.input(at)];
    node.set_input(at, copy->output(0));
    readers_[copy->output(0)] = 1;
    for (const std::string& input : copy->input()) ++readers_[input];
    makers_[copy->output(0)] = copy;
    return copy;
  }

  // A name that nothing has.
  std::string unused(const std::string& like) const {
    for (int n = 2;; ++n) {
      std::string name = fmt::format("{}_{}", like, n);
      if (readers_.count(name) == 0 && makers_.count(name) == 0 && tensors_.count(name) == 0 && nodes_.count(name) == 0)
        return name;
    }
  }

  static std::string cleared(const Tensor& tensor, const LayerWeights& weights, const sparsity::BlockMask& mask) {
    std::string bytes = *tensor.bytes;
    const auto width = static_cast<std::size_t>(type_bytes(tensor.type));
    // The zero point where the file has integers; floats in front of a QuantizeLinear become zero as well.
    const auto zero_of = [&](std::int64_t channel) {
      if (is_real(tensor.type) || weights.zeros.empty()) return 0.0;
      return weights.zeros[weights.zeros.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
    };
    std::int64_t channel = -1;
    std::string zero;
    Walk walk(weights.shape, {weights.strides});
    for (std::int64_t i = element_count(weights.shape); i > 0; --i, walk.next()) {
      const Dims& at = walk.index();
      if (mask.present(static_cast<int>(at[0]) / mask.bc, static_cast<int>(at[3]) / mask.bi)) continue;
      if (at[0] != channel) zero = *make_tensor(tensor.type, {1}, std::vector<double>{zero_of(at[0])}).bytes;
      channel = at[0];
      std::memcpy(&bytes[static_cast<std::size_t>(walk.offset(0)) * width], zero.data(), width);
    }
    return bytes;
  }

  static void store(onnx::TensorProto& to, const Tensor& shape, std::string bytes) {
    const std::string name = to.name();
    const int type = to.data_type();
    to.Clear();
    to.set_name(name);
    to.set_data_type(type);
    for (const std::int64_t side : shape.shape) to.add_dims(side);
    to.set_raw_data(std::move(bytes));
  }

  onnx::ModelProto model_;
  std::string path_, folder_;
  std::map<std::string, onnx::TensorProto*> tensors_;  // initializers and constants by the value's name
  std::map<std::string, onnx::NodeProto*> nodes_, makers_;
  std::map<std::string, int> readers_;
  std::vector<Problem> problems_;
};

}  // namespace

std::optional<Failure> write_pruned(const std::string& from, const std::string& to, const Imported& imported,
                                    const std::vector<std::optional<sparsity::BlockMask>>& masks) {
  Expected<onnx::ModelProto> model = read_model(from);
  if (!model) return model.failure();
  PrunedFile file(std::move(*model), from);
  for (const network::Layer& layer : imported.network.layers) {
    const auto id = static_cast<std::size_t>(layer.id);
    if (imported.weights[id] && id < masks.size() && masks[id])
      file.clear_blocks(layer, *imported.weights[id], *masks[id]);
  }
  return file.write(to);
}

}  // namespace tessera::import
