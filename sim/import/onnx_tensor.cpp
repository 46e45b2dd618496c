#include "sim/import/onnx_tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "sim/base/input_file.h"

namespace tessera::import {
namespace {

namespace fs = std::filesystem;

class TensorReader {
 public:
  TensorReader(onnx::TensorProto& proto, const std::string& folder) : proto_(proto), folder_(folder) {}

  // False when something is wrong: see what() and legal().
  bool read() {
    if (!read_shape()) return false;
    std::string bytes;
    if (proto_.data_location() == onnx::TensorProto::EXTERNAL) {
      if (!read_external(bytes)) return false;
    } else if (proto_.has_raw_data()) {
      tensor_.bytes.reset(proto_.release_raw_data());
    } else if (!read_fields(bytes)) {
      return false;
    }
    if (!tensor_.bytes) tensor_.bytes = std::make_shared<const std::string>(std::move(bytes));
    if (static_cast<std::int64_t>(tensor_.bytes->size()) == size_) return true;
    return refuse(fmt::format("has {} bytes of data", tensor_.bytes->size()),
                  fmt::format("{} bytes for {} of {}", size_, dims_text(tensor_.shape), type_name(tensor_.type)));
  }

  Tensor& tensor() { return tensor_; }
  const std::string& what() const { return what_; }
  const std::string& legal() const { return legal_; }

 private:
  bool refuse(std::string what, std::string legal) {
    what_ = std::move(what);
    legal_ = std::move(legal);
    return false;
  }

  bool read_shape() {
    const std::optional<DataType> type = find_type(proto_.data_type());
    if (!type)
      return refuse("has elements of " + onnx_type_name(proto_.data_type()),
                    "float, float16, bfloat16, double, "
                    "int8 to int64, uint8 to uint64 or bool");
    tensor_.type = *type;
    tensor_.shape.assign(proto_.dims().begin(), proto_.dims().end());
    const std::int64_t count = element_count(tensor_.shape);
    if (count < 0 || static_cast<std::int64_t>(tensor_.shape.size()) > max_dimensions)
      return refuse("has the shape " + dims_text(tensor_.shape),
                    fmt::format("up to {} dimensions, {} elements in all", max_dimensions, max_elements));
    if (proto_.has_segment()) return refuse("comes in segments", "whole tensors");
    size_ = count * type_bytes(*type);
    return true;
  }

  // Typed fields hold small types one element to an int32; a field of the wrong length is told before it is unpacked.
  bool read_fields(std::string& bytes) {
    switch (tensor_.type) {
      case DataType::f32:
        return pack<float>(proto_.float_data(), bytes);
      case DataType::f64:
        return pack<double>(proto_.double_data(), bytes);
      case DataType::i64:
        return pack<std::int64_t>(proto_.int64_data(), bytes);
      case DataType::u64:
        return pack<std::uint64_t>(proto_.uint64_data(), bytes);
      case DataType::u32:
        return pack<std::uint32_t>(proto_.uint64_data(), bytes);
      case DataType::i32:
        return pack<std::int32_t>(proto_.int32_data(), bytes);
      case DataType::f16:
      case DataType::bf16:
      case DataType::i16:
      case DataType::u16:
        return pack<std::uint16_t>(proto_.int32_data(), bytes);
      case DataType::i8:
      case DataType::u8:
      case DataType::boolean:
        return pack<std::uint8_t>(proto_.int32_data(), bytes);
    }
    return false;
  }

  template <class Stored, class Field>
  bool pack(const Field& field, std::string& bytes) {
    const std::int64_t count = size_ / type_bytes(tensor_.type);
    if (field.size() != count)
      return refuse(fmt::format("has {} elements", field.size()),
                    fmt::format("{} for {} of {}", count, dims_text(tensor_.shape), type_name(tensor_.type)));
    bytes.resize(static_cast<std::size_t>(size_));
    char* at = bytes.data();
    for (const auto& element : field) {
      const auto stored = static_cast<Stored>(element);
      std::memcpy(at, &stored, sizeof stored);
      at += sizeof stored;
    }
    return true;
  }

  bool read_external(std::string& bytes) {
    std::string location;
    std::int64_t offset = 0, length = -1;
    for (const auto& entry : proto_.external_data()) {
      if (entry.key() == "location") location = entry.value();
      if (entry.key() == "offset" && !number(entry, offset)) return false;
      if (entry.key() == "length" && !number(entry, length)) return false;
    }
    if (length >= 0 && length != size_)
      return refuse(fmt::format("has {} bytes of external data", length),
                    fmt::format("{} bytes for {} of {}", size_, dims_text(tensor_.shape), type_name(tensor_.type)));
    if (!confined(location)) return false;
    const fs::path path = fs::path(folder_) / location;
    std::error_code error;
    const auto held = static_cast<std::int64_t>(fs::file_size(path, error));
    if (error)
      return refuse(fmt::format("external data '{}' cannot be read: {}", location, error.message()),
                    "a file beside the model");
    if (offset > held || size_ > held - offset)
      return refuse(fmt::format("takes bytes {} to {} of '{}', which has {}", offset, offset + size_, location, held),
                    "a place within the file");
    Expected<std::string> part = read_part(path.string(), offset, size_);
    if (!part) return refuse("external data '" + location + "' cannot be read", "a readable file");
    bytes = std::move(*part);
    return true;
  }

  bool number(const onnx::StringStringEntryProto& entry, std::int64_t& value) {
    const std::string& text = entry.value();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= max_elements * 8)
      return true;
    return refuse(fmt::format("external_data.{} is '{}'", entry.key(), text), "a number of bytes");
  }

  // The model may name files of its own folder only, also by way of links.
  bool confined(const std::string& location) {
    const char* legal = "the relative path of a file in the folder of the model";
    const fs::path path(location);
    if (location.empty() || location.find('\0') != std::string::npos || path.is_absolute())
      return refuse(fmt::format("external_data.location is '{}'", location), legal);
    std::error_code error;
    const fs::path root = fs::weakly_canonical(fs::absolute(folder_), error);
    const fs::path real = fs::weakly_canonical(root / path, error);
    const auto [at, rest] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
    if (!error && at == root.end() && rest != real.end()) return true;
    return refuse(fmt::format("external_data.location '{}' leads out of the folder", location), legal);
  }

  onnx::TensorProto& proto_;
  const std::string& folder_;
  Tensor tensor_;
  std::int64_t size_ = 0;  // bytes of the elements
  std::string what_, legal_;
};

}  // namespace

Expected<Tensor> take_tensor(onnx::TensorProto& proto, const std::string& folder, const std::string& file,
                             const std::string& path) {
  TensorReader reader(proto, folder);
  if (reader.read()) return std::move(reader.tensor());
  return fail(ExitCode::bad_input, {file, path, reader.what(), reader.legal()});
}

}  // namespace tessera::import
