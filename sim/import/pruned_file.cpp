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
    if (tensor == nullptr) return refuse(layer, "stand in no initializer that could be changed");
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
                         "an initializer that only this layer reads, plain or behind DequantizeLinear"});
  }

  // The tensor that holds the weights of a node.
  onnx::TensorProto* find(const std::string& node) {
    const auto it = nodes_.find(node);
    if (it == nodes_.end()) return nullptr;
    const std::string op = it->second->op_type();
    const int at = op.rfind("QLinear", 0) == 0 || op == "QGemm" ? 3 : 1;
    if (it->second->input_size() <= at) return nullptr;
    std::string value = it->second->input(at);
    while (tensors_.count(value) == 0 && makers_.count(value) != 0 && readers_[value] == 1) {
      const onnx::NodeProto& maker = *makers_[value];
      if (maker.op_type() != "DequantizeLinear" && maker.op_type() != "QuantizeLinear" && maker.op_type() != "Identity")
        return nullptr;
      value = maker.input(0);
    }
    return tensors_.count(value) != 0 && readers_[value] == 1 ? tensors_[value] : nullptr;
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
