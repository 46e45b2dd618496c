#include "sim/network/layer_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/network/magnitude.h"
#include "sim/network/shapes.h"

namespace tessera::network {
namespace {

using nlohmann::json;

struct OpKeys {
  const char* name;
  Op op;
  std::vector<std::string> keys;  // beside name, op and inputs
};

const std::vector<OpKeys>& legal_ops() {
  static const std::vector<OpKeys> ops = {
      {"conv2d",
       Op::conv2d,
       {"channels", "kernel", "stride", "padding", "relu", "shift", "multiplier", "groups", "dilation"}},
      {"gemm", Op::conv2d, {"channels", "m", "n", "k", "relu", "shift", "multiplier", "in_type", "out_type"}},
      {"maxpool", Op::maxpool, {"kernel", "stride", "padding", "global"}},
      {"avgpool", Op::avgpool, {"kernel", "stride", "padding", "global", "shift", "multiplier"}},
      {"add", Op::add, {"relu", "shift", "multiplier"}},
      {"concat", Op::concat, {}},
  };
  return ops;
}

class LayerReader {
 public:
  LayerReader(const json& j, int index, const std::string& file, std::vector<Problem>& problems)
      : json_(j), file_(file), problems_(problems) {
    spec_.path = fmt::format("layers[{}]", index);
  }

  LayerSpec read() {
    if (!json_.is_object()) {
      report("", "is no object", R"(a layer like {"name": "conv1", "op": "conv2d", "channels": 64})");
      return spec_;
    }
    read_name();
    const std::size_t before = problems_.size();
    const OpKeys* op = read_op();
    read_inputs();
    if (op == nullptr) return spec_;
    spec_.layer.op = op->op;
    std::vector<std::string> legal = {"name", "op", "inputs"};
    legal.insert(legal.end(), op->keys.begin(), op->keys.end());
    refuse_unknown_keys(json_, legal, file_, spec_.path, problems_);
    read_attributes(op->name);
    spec_.valid = problems_.size() == before;
    return spec_;
  }

 private:
  void report(const std::string& key, std::string what, std::string legal) {
    problems_.push_back({file_, key.empty() ? spec_.path : spec_.path + "." + key, std::move(what), std::move(legal)});
  }

  void read_name() {
    const auto it = json_.find("name");
    if (it == json_.end() || !it->is_string() || it->get_ref<const std::string&>().empty())
      return report("name", it == json_.end() ? "is missing" : "is no name: " + it->dump(), "a non-empty string");
    spec_.layer.name = it->get<std::string>();
    spec_.path += " '" + spec_.layer.name + "'";
  }

  const OpKeys* read_op() {
    std::vector<std::string> names;
    for (const OpKeys& op : legal_ops()) names.emplace_back(op.name);
    const auto it = json_.find("op");
    if (it == json_.end() || !it->is_string()) {
      report("op", it == json_.end() ? "is missing" : "is no operation: " + it->dump(),
             fmt::format("one of {}", fmt::join(names, ", ")));
      return nullptr;
    }
    const std::string name = it->get<std::string>();
    for (const OpKeys& op : legal_ops())
      if (name == op.name) return &op;
    const std::string near = nearest_name(name, names);
    std::string legal = fmt::format("one of {}", fmt::join(names, ", "));
    if (name == "relu") legal = "ReLU is fused into its producer: give that layer \"relu\": true";
    if (!near.empty() && name != "relu") legal = fmt::format("did you mean '{}'? {}", near, legal);
    report("op", fmt::format("layer kind '{}' is not supported", name), legal);
    return nullptr;
  }

  void read_inputs() {
    const auto it = json_.find("inputs");
    if (it == json_.end()) return;
    std::vector<std::string> names;
    if (it->is_string()) {
      names.push_back(it->get<std::string>());
    } else if (it->is_array()) {
      for (const json& name : *it)
        if (name.is_string()) names.push_back(name.get<std::string>());
    }
    spec_.inputs = names;
    if (names.empty() || (it->is_array() && names.size() != it->size()))
      report("inputs", "is no list of layer names: " + it->dump(), "a layer name, or a list of them");
  }

  void read_attributes(const std::string& op) {
    if (op == "conv2d") return read_conv();
    if (op == "gemm") return read_gemm();
    if (op == "add") {
      spec_.layer.relu = flag("relu");
      read_multiplier();
      return expect_inputs(2, 2);
    }
    if (op == "concat") return expect_inputs(2, 1 << 15);
    read_pool();
  }

  void expect_inputs(std::size_t low, std::size_t high) {
    const std::size_t n = spec_.inputs ? spec_.inputs->size() : 1;
    if (n >= low && n <= high) return;
    report("inputs", fmt::format("{} has {} input{}", op_name(spec_.layer.op), n, n == 1 ? "" : "s"),
           low == high ? fmt::format("exactly {}", low) : fmt::format("at least {}", low));
  }

  void read_conv() {
    expect_inputs(1, 1);
    spec_.layer.out.c = required("channels", 1, max_side);
    read_window(false);
    spec_.layer.relu = flag("relu");
    read_shift();
    const auto only_one = [&](const char* key, const char* reason) {
      const auto it = json_.find(key);
      if (it == json_.end() || *it == 1) return;
      report(key, fmt::format("is {}: {}", it->dump(), reason), "only 1");
    };
    only_one("groups", "grouped and depthwise convolutions are not supported, the kernels contract all input channels");
    only_one("dilation", "dilated convolutions are not supported, the kernels read contiguous windows");
  }

  void read_gemm() {
    expect_inputs(1, 1);
    spec_.layer.is_gemm = true;
    spec_.layer.relu = flag("relu");
    read_shift();
    const bool plain = json_.contains("m") || json_.contains("n") || json_.contains("k");
    if (plain && json_.contains("channels"))
      return report("channels", "stands beside m, n, k", "either channels (fully connected) or m, n and k");
    if (!plain) {
      spec_.layer.out.c = required("channels", 1, max_side);
      spec_.whole_map = true;
      for (const char* key : {"in_type", "out_type"})
        if (json_.contains(key))
          report(key, "stands beside channels", "types with m, n and k; everything else is int8");
      return;
    }
    spec_.layer.in_type = type("in_type");
    spec_.layer.out_type = type("out_type");
    for (const char* key : {"relu", "shift", "multiplier"})
      if (!spec_.layer.is_int8() && json_.contains(key))
        report(key, "stands beside in_type or out_type", "without: sums of other types than i8 to i8 stay as they are");
    const int m = required("m", 1, max_side);
    spec_.layer.out.c = required("n", 1, max_side);
    spec_.gemm_input = Shape{m, 1, required("k", 1, max_side)};
  }

  void read_pool() {
    expect_inputs(1, 1);
    if (spec_.layer.op == Op::avgpool) read_multiplier();
    spec_.whole_map = flag("global");
    if (!spec_.whole_map) return read_window(true);
    for (const char* key : {"kernel", "stride", "padding"})
      if (json_.contains(key)) report(key, "stands beside \"global\": true", "a global pool covers the whole map");
  }

  void read_window(bool pool) {
    Window& k = spec_.layer.window;
    const std::vector<int> kernel =
        numbers("kernel", {2}, 1, max_side, pool ? std::vector<int>{} : std::vector<int>{1, 1});
    if (kernel.empty()) {
      if (!json_.contains("kernel")) report("kernel", "is missing", "a number, [height, width], or \"global\": true");
      return;
    }
    k.kh = kernel[0];
    k.kw = kernel[1];
    const std::vector<int> stride = numbers("stride", {2}, 1, max_side, pool ? kernel : std::vector<int>{1, 1});
    if (stride.size() == 2) {
      k.sh = stride[0];
      k.sw = stride[1];
    }
    const std::vector<int> pad = numbers("padding", {2, 4}, 0, max_side, {0, 0});
    if (pad.empty()) return;
    k.pad_top = pad[0];
    k.pad_left = pad[1];
    k.pad_bottom = pad[pad.size() - 2];
    k.pad_right = pad.back();
    if (std::max(k.pad_top, k.pad_bottom) >= k.kh || std::max(k.pad_left, k.pad_right) >= k.kw)
      report("padding",
             fmt::format("[{}, {}, {}, {}] leaves windows that read nothing but padding", k.pad_top, k.pad_left,
                         k.pad_bottom, k.pad_right),
             fmt::format("at most {} vertically and {} horizontally for a kernel of {}x{}", k.kh - 1, k.kw - 1, k.kh,
                         k.kw));
  }

  void read_shift() {
    if (json_.contains("multiplier")) return read_multiplier();
    spec_.layer.shift = default_shift;
    const auto it = json_.find("shift");
    if (it != json_.end())
      spec_.layer.shift = read_int(*it, 0, max_shift, file_, spec_.path + ".shift", problems_).value_or(default_shift);
  }

  // General scales: "multiplier" and "shift" go together.
  void read_multiplier() {
    const auto it = json_.find("multiplier");
    if (it == json_.end()) {
      if (json_.contains("shift")) report("shift", "stands without a multiplier", "both, or neither");
      return;
    }
    const bool add = spec_.layer.op == Op::add, weights = spec_.layer.op == Op::conv2d;
    spec_.layer.shift = required("shift", 0, max_scaled_shift);
    spec_.layer.scaling = Scaling::tensor;
    if (weights && *it == "channel") {
      spec_.layer.scaling = Scaling::channel;
    } else if (add ? !it->is_array() || it->size() != 2 : !it->is_number()) {
      report("multiplier", "is " + it->dump(),
             add       ? "two whole numbers, one for each operand"
             : weights ? "a whole number, or \"channel\": one per output channel, in the file of the weights"
                       : "a whole number");
    } else {
      for (std::size_t i = 0; i < (add ? 2U : 1U); ++i)
        spec_.layer.multiplier[i] = read_int(add ? (*it)[i] : *it, 1, std::numeric_limits<std::int32_t>::max(), file_,
                                             spec_.path + ".multiplier", problems_)
                                        .value_or(1);
    }
  }

  ElementType type(const char* key) {
    const auto it = json_.find(key);
    if (it == json_.end()) return ElementType::i8;
    const auto found = it->is_string() ? find_type(it->get<std::string>()) : std::nullopt;
    if (!found) report(key, "is " + it->dump(), fmt::format("one of {}", fmt::join(type_names(), ", ")));
    return found.value_or(ElementType::i8);
  }

  bool flag(const char* key) {
    const auto it = json_.find(key);
    if (it == json_.end()) return false;
    if (it->is_boolean()) return it->get<bool>();
    report(key, "is " + it->dump(), "true or false");
    return false;
  }

  int required(const char* key, int low, int high) {
    const auto it = json_.find(key);
    if (it != json_.end()) return read_int(*it, low, high, file_, spec_.path + "." + key, problems_).value_or(0);
    report(key, "is missing", fmt::format("a whole number from {} to {}", low, high));
    return 0;
  }

  // A number (repeated for both sides) or a list of one of the `lengths`; empty after a problem.
  std::vector<int> numbers(const char* key, const std::vector<std::size_t>& lengths, int low, int high,
                           std::vector<int> otherwise) {
    const auto it = json_.find(key);
    if (it == json_.end()) return otherwise;
    if (it->is_array() && std::find(lengths.begin(), lengths.end(), it->size()) == lengths.end()) {
      report(key, fmt::format("has {} entries", it->size()),
             fmt::format("a number, [height, width]{}", lengths.size() > 1 ? " or [top, left, bottom, right]" : ""));
      return {};
    }
    const json list = it->is_array() ? *it : json::array({*it, *it});
    std::vector<int> values;
    for (std::size_t i = 0; i < (it->is_array() ? list.size() : 1); ++i) {
      const std::string place = it->is_array() ? fmt::format("{}[{}]", key, i) : std::string(key);
      const std::optional<int> v = read_int(list[i], low, high, file_, spec_.path + "." + place, problems_);
      if (v) values.push_back(*v);
    }
    if (!it->is_array() && values.size() == 1) values.push_back(values[0]);
    return values.size() == list.size() ? values : std::vector<int>{};
  }

  const json& json_;
  const std::string& file_;
  std::vector<Problem>& problems_;
  LayerSpec spec_;
};

}  // namespace

std::vector<std::pair<std::string, std::vector<std::string>>> layer_keys() {
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const OpKeys& op : legal_ops()) all.emplace_back(op.name, op.keys);
  return all;
}

LayerSpec read_layer(const json& j, int index, const std::string& file, std::vector<Problem>& problems) {
  return LayerReader(j, index, file, problems).read();
}

std::optional<int> read_int(const json& j, int low, int high, const std::string& file, const std::string& path,
                            std::vector<Problem>& problems) {
  const bool unsigned_wide = j.is_number_unsigned() && j.get<std::uint64_t>() > static_cast<std::uint64_t>(high);
  if (j.is_number_integer() && !unsigned_wide) {
    const auto v = j.get<std::int64_t>();
    if (v >= low && v <= high) return static_cast<int>(v);
  }
  problems.push_back({file, path, "is " + j.dump(), fmt::format("a whole number from {} to {}", low, high)});
  return std::nullopt;
}

void refuse_unknown_keys(const json& j, const std::vector<std::string>& legal, const std::string& file,
                         const std::string& path, std::vector<Problem>& problems) {
  for (const auto& item : j.items()) {
    if (std::find(legal.begin(), legal.end(), item.key()) != legal.end()) continue;
    const std::string near = nearest_name(item.key(), legal);
    problems.push_back(
        {file, path, fmt::format("unknown key '{}'", item.key()),
         near.empty() ? fmt::format("one of {}", fmt::join(legal, ", ")) : fmt::format("did you mean '{}'?", near)});
  }
}

}  // namespace tessera::network
